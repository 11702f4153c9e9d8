package load

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// WriteResults writes orders in a format of vegeta's (gob, json or csv), so that its report, encode and plot open them. Seq counts without a
// gap in the order in which they fell due, which plot needs. The latency is the response. An approval has code 200; a decline 400 and its answer
// code if that is a number, as in 451; no answer 0; an answer that cannot be believed 502; all but approvals an error in words. Method and URL
// say what was ordered, and where to find it on the host.
func WriteResults(w io.Writer, format, attack string, started time.Time, kinds []Kind, terminal func(uint32) string, orders iter.Seq2[*Sample, error]) error {
	encoders := map[string]func(io.Writer) vegeta.Encoder{"gob": vegeta.NewEncoder, "json": vegeta.NewJSONEncoder, "csv": vegeta.NewCSVEncoder}
	if encoders[format] == nil {
		return fmt.Errorf("results: format %q: want gob, json or csv", format)
	}
	encode := encoders[format](w)
	var seq uint64
	for o, err := range orders {
		if err != nil {
			return fmt.Errorf("results: %w", err)
		}
		if int(o.Kind) >= len(kinds) {
			return fmt.Errorf("results: order %d is of kind %d, and there are %d", seq, o.Kind, len(kinds))
		}
		k := kinds[o.Kind]
		r := vegeta.Result{Attack: attack, Seq: seq, Timestamp: started.Add(o.Due), Latency: o.Response(), Method: k.Flow,
			URL: fmt.Sprintf("terminal/%s/stan/%06d?chain=%d&leg=%d&entry=%s", terminal(o.Terminal), o.STAN, o.Chain, o.Leg, k.Entry)}
		r.Code, r.Error = status(o)
		if err := encode(&r); err != nil {
			return fmt.Errorf("results: order %d: %w", seq, err)
		}
		seq++
	}
	return nil
}

func status(o *Sample) (code uint16, err string) {
	switch o.End {
	case Approved:
		return 200, ""
	case Declined:
		answer := Code(o.Code).String()
		n, _ := strconv.ParseUint(answer, 10, 6) // a letter leaves 0
		return 400 + uint16(n), "declined " + answer
	case Broken:
		return 502, o.End.String()
	}
	return 0, o.End.String()
}
