package acquirer

// queue is keys in the order they came. Whatever its length, coming and leaving cost the same: an issuer that is out for a minute leaves
// tens of thousands of reversals behind.
type queue struct {
	at   map[Key]int // where in keys
	keys []Key
}

func (q *queue) has(k Key) bool {
	_, ok := q.at[k]
	return ok
}

// keep lets a key in at the end, if it is not in, or takes it out.
func (q *queue) keep(k Key, in bool) {
	switch {
	case in == q.has(k):
	case in:
		if q.at == nil {
			q.at = map[Key]int{}
		}
		q.at[k] = len(q.keys)
		q.keys = append(q.keys, k)
	default:
		delete(q.at, k)
		if len(q.keys) > 2*len(q.at)+8 { // most have left
			q.keys = q.all()
			for i, k := range q.keys {
				q.at[k] = i
			}
		}
	}
}

// all gives a copy of the keys.
func (q *queue) all() []Key {
	if len(q.at) == 0 {
		return nil
	}
	keys := make([]Key, 0, len(q.at))
	for i, k := range q.keys {
		if at, ok := q.at[k]; ok && at == i {
			keys = append(keys, k)
		}
	}
	return keys
}
