package capture

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Writer writes a capture as it happens. What it wrote is in the file after Flush.
type Writer interface {
	// Open tells of a new connection, and between whom it is.
	Open(connection int, at time.Time, till, host netip.AddrPort) error
	Write(Record) error
	// Close tells that a connection has ended.
	Close(connection int, at time.Time) error
	Flush() error
}

// NewLines writes NDJSON.
func NewLines(w io.Writer) Writer {
	buffered := bufio.NewWriterSize(w, 1<<16)
	return lines{buffered, json.NewEncoder(buffered)}
}

type lines struct {
	buffered *bufio.Writer
	encoder  *json.Encoder
}

func (l lines) Open(int, time.Time, netip.AddrPort, netip.AddrPort) error { return nil }
func (l lines) Write(r Record) error                                      { return l.encoder.Encode(r) }
func (l lines) Close(int, time.Time) error                                { return nil }
func (l lines) Flush() error                                              { return l.buffered.Flush() }

// NewPackets writes pcapng: IP packets of TCP connections that carried the same bytes, each with its time. What a record says in a note stands
// as a comment at its first packet. The comment at the file's head says to people what it is; "" for none.
func NewPackets(w io.Writer, comment string) (Writer, error) {
	ng, err := pcapgo.NewNgWriterInterface(w, pcapgo.NgInterface{Name: "till", LinkType: layers.LinkTypeRaw, SnapLength: 1 << 18},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "tillproof", Comment: comment}})
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return &packets{ng: ng, open: map[int]*dialogue{}, buf: gopacket.NewSerializeBuffer()}, nil
}

type packets struct {
	ng   *pcapgo.NgWriter
	open map[int]*dialogue
	buf  gopacket.SerializeBuffer
}

// dialogue is a connection: who speaks, and how many bytes each has said.
type dialogue struct {
	ends [2]netip.AddrPort // till, host
	seq  [2]uint32
}

// segmentSize is how many bytes a packet carries at most: with its heads it fits the length of an IP packet.
const segmentSize = 32 << 10

// Open implements Writer. The three packets of TCP's greeting have the same time.
func (p *packets) Open(connection int, at time.Time, till, host netip.AddrPort) error {
	d := &dialogue{ends: [2]netip.AddrPort{unmapped(till), unmapped(host)}}
	p.open[connection] = d
	if err := p.packet(d, 0, at, layers.TCP{SYN: true}, nil, ""); err != nil {
		return err
	}
	d.seq[0]++
	if err := p.packet(d, 1, at, layers.TCP{SYN: true, ACK: true}, nil, ""); err != nil {
		return err
	}
	d.seq[1]++
	return p.packet(d, 0, at, layers.TCP{ACK: true}, nil, "")
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// Write implements Writer. In a connection that nobody has told of, a till at an address of its own calls 10.255.255.254.
func (p *packets) Write(r Record) error {
	d := p.open[r.Connection]
	if d == nil {
		n := uint(r.Connection) + 1
		till := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), uint16(49152+n%16384))
		if err := p.Open(r.Connection, r.At, till, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 255, 255, 254}), 8583)); err != nil {
			return err
		}
		d = p.open[r.Connection]
	}
	side := 0
	if r.From == Host {
		side = 1
	}
	if r.Lost > 0 {
		d.seq[side] += uint32(r.Lost)
	}
	note := r.Note
	for rest := []byte(r.Bytes); len(rest) > 0 || note != ""; note = "" {
		n := min(len(rest), segmentSize)
		if err := p.packet(d, side, r.At, layers.TCP{ACK: true, PSH: n > 0 && n == len(rest)}, rest[:n], note); err != nil {
			return err
		}
		d.seq[side] += uint32(n)
		rest = rest[n:]
	}
	return nil
}

// Close implements Writer.
func (p *packets) Close(connection int, at time.Time) error {
	d := p.open[connection]
	if d == nil {
		return nil
	}
	delete(p.open, connection)
	for side := range d.ends {
		if err := p.packet(d, side, at, layers.TCP{FIN: true, ACK: true}, nil, ""); err != nil {
			return err
		}
		d.seq[side]++
	}
	return p.packet(d, 0, at, layers.TCP{ACK: true}, nil, "")
}

// Flush implements Writer.
func (p *packets) Flush() error { return p.ng.Flush() }

// packet writes one packet of a side.
func (p *packets) packet(d *dialogue, side int, at time.Time, tcp layers.TCP, payload []byte, comment string) error {
	from, to := d.ends[side], d.ends[1-side]
	tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Window = layers.TCPPort(from.Port()), layers.TCPPort(to.Port()), d.seq[side], 65535
	if tcp.ACK {
		tcp.Ack = d.seq[1-side]
	}
	var ip interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	if from.Addr().Is4() && to.Addr().Is4() {
		ip = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	} else {
		a, b := from.Addr().As16(), to.Addr().As16()
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: a[:], DstIP: b[:]}
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	if err := gopacket.SerializeLayers(p.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, &tcp, gopacket.Payload(payload)); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(p.buf.Bytes()), Length: len(p.buf.Bytes())}
	var options pcapgo.NgPacketOptions
	if comment != "" {
		options.Comments = []string{comment}
	}
	if err := p.ng.WritePacketWithOptions(info, p.buf.Bytes(), options); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}
