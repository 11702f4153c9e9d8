package load

import (
	"encoding/json"
	"fmt"
)

// Mission is a workload on its way to a worker: the text that a person wrote, what flags changed in it, and the worker's part.
type Mission struct {
	File     string
	Text     []byte
	Tills    int
	Cards    int
	Seed     uint64
	Patience Span
	WarmUp   Span
	Stages   []stretch
	Part, Of int
}

// stretch is a stage in figures.
type stretch struct {
	From, To   float64
	Every, For Span
}

// Mission makes the workload ready to travel.
func (w *Workload) Mission(part, of int) Mission {
	m := Mission{File: w.file.Name, Text: w.text, Tills: w.Tills, Cards: w.Cards, Seed: w.Seed, Patience: w.Patience, WarmUp: w.WarmUp, Part: part, Of: of}
	for _, s := range w.Stages {
		m.Stages = append(m.Stages, stretch{s.Rate.From, s.Rate.To, s.Every, s.For})
	}
	return m
}

// Workload gives the share of the workload that the mission is about.
func (m Mission) Workload() (*Workload, error) {
	w, err := ParseWorkload(m.Text, m.File)
	if err != nil {
		return nil, err
	}
	w.Tills, w.Cards, w.Seed, w.Patience, w.WarmUp, w.Stages = m.Tills, m.Cards, m.Seed, m.Patience, m.WarmUp, nil
	for _, s := range m.Stages {
		w.Stages = append(w.Stages, Stage{Rate: RateRange{s.From, s.To}, Every: s.Every, For: s.For})
	}
	if err := w.Check(); err != nil {
		return nil, err
	}
	return w.Share(m.Part, m.Of)
}

var _ json.Marshaler = Span(0)

// MarshalJSON writes nanoseconds.
func (s Span) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%d", int64(s)), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Span) UnmarshalJSON(b []byte) error {
	var ns int64
	if err := json.Unmarshal(b, &ns); err != nil || ns < 0 {
		return fmt.Errorf("a length of time of %q ns", b)
	}
	*s = Span(ns)
	return nil
}
