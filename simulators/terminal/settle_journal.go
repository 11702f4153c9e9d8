package terminal

// settleLine: where a settlement stands; "" is none. Slip is that of its totals.
type settleLine struct {
	Stage    stage  `json:"stage,omitempty"`
	Balanced bool   `json:"balanced,omitempty"`
	Acked    int    `json:"acked,omitempty"`
	Slip     []byte `json:"slip,omitempty"`
	Begun    bool   `json:"begun,omitempty"`
}

// uploadLine: an upload is about to leave under a trace number. Used is the last one that was given away.
type uploadLine struct {
	Trace int `json:"trace"`
	Used  int `json:"used"`
}

// closeLine: the batch is settled and the next one begins; Off signs off.
type closeLine struct {
	Batch string `json:"batch"`
	Off   bool   `json:"off,omitempty"`
	Slip  []byte `json:"slip,omitempty"`
	Begun bool   `json:"begun,omitempty"`
}

func (*settleLine) kind() string { return "till.settle" }
func (*uploadLine) kind() string { return "till.upload" }
func (*closeLine) kind() string  { return "till.close" }

func (l *settleLine) apply(t *Terminal) {
	t.settling = nil
	if l.Stage != "" {
		t.settling = &settling{stage: l.Stage, balanced: l.Balanced, acked: l.Acked}
	}
	t.queue(l.Slip, l.Begun)
}

func (l *uploadLine) apply(t *Terminal) {
	t.trace = l.Used
	if t.settling != nil {
		t.settling.trace = l.Trace
	}
}

func (l *closeLine) apply(t *Terminal) {
	t.batch, t.settledTo, t.settling = l.Batch, len(t.payments), nil
	t.signedIn = t.signedIn && !l.Off
	t.queue(l.Slip, l.Begun)
}

// queue lets a slip wait for the printer.
func (t *Terminal) queue(slip []byte, begun bool) {
	if slip != nil {
		t.slips = append(t.slips, waitingSlip{slip, begun})
	}
}
