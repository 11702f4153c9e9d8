package journal

import (
	"encoding/json"
	"fmt"
)

// Add appends a record in JSON for each value. It panics at what cannot be JSON, which plain structs can.
func Add[T any](batch []Record, kind string, values ...T) []Record {
	for _, v := range values {
		data, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("journal: a %s record: %v", kind, err))
		}
		batch = append(batch, Record{Kind: kind, Data: data})
	}
	return batch
}

// One reads the value of a record that Add wrote.
func One[T any](r Record) ([]T, error) {
	one := make([]T, 1)
	if err := json.Unmarshal(r.Data, &one[0]); err != nil {
		return nil, fmt.Errorf("replay of a %s record: %w", r.Kind, err)
	}
	return one, nil
}
