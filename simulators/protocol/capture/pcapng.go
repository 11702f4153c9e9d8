package capture

import (
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// hostPort is the host's in a file that we write.
const hostPort = 8583

// Pcapng writes records as a pcapng file, in TCP connections of its own making: till n of the file, at an address of its own, calls the host,
// which is 10.255.255.254. Nothing in it was seen on a network; the bytes are the records'.
type Pcapng struct {
	file  *pcapgo.NgWriter
	calls map[int]*call
}

// call is a connection as far as it is written.
type call struct {
	till      []byte
	port      uint16
	sent, got uint32 // the next sequence numbers
}

// NewPcapng begins a file. The comment says what it is, to people.
func NewPcapng(w io.Writer, comment string) (*Pcapng, error) {
	file, err := pcapgo.NewNgWriterInterface(w, pcapgo.NgInterface{Name: "till", LinkType: layers.LinkTypeRaw, SnapLength: 1 << 18},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "tillproof", Comment: comment}})
	if err != nil {
		return nil, fmt.Errorf("pcapng: %w", err)
	}
	return &Pcapng{file: file, calls: map[int]*call{}}, nil
}

// Write writes a record, after the opening of its connection if it is the first there. The comment stands at the packet.
func (w *Pcapng) Write(r Record, comment string) error {
	c := w.calls[r.Connection]
	if c == nil {
		n := len(w.calls) + 1
		c = &call{till: []byte{10, byte(n >> 16), byte(n >> 8), byte(n)}, port: uint16(49152 + n%16384)}
		w.calls[r.Connection] = c
		for _, p := range []struct {
			from Side
			tcp  layers.TCP
		}{{Till, layers.TCP{SYN: true}}, {Host, layers.TCP{SYN: true, ACK: true}}, {Till, layers.TCP{ACK: true}}} {
			if err := w.packet(c, p.from, p.tcp, r, nil, ""); err != nil {
				return err
			}
		}
	}
	const most = 1400 // bytes of a segment
	for at := 0; at < len(r.Bytes); at += most {
		end := min(at+most, len(r.Bytes))
		if err := w.packet(c, r.From, layers.TCP{ACK: true, PSH: end == len(r.Bytes)}, r, r.Bytes[at:end], comment); err != nil {
			return err
		}
		comment = ""
	}
	return nil
}

func (w *Pcapng) packet(c *call, from Side, tcp layers.TCP, r Record, payload []byte, comment string) error {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: c.till, DstIP: []byte{10, 255, 255, 254}}
	tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Ack, tcp.Window = layers.TCPPort(c.port), hostPort, c.sent, c.got, 65535
	next := &c.sent
	if from == Host {
		ip.SrcIP, ip.DstIP = ip.DstIP, ip.SrcIP
		tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Ack = tcp.DstPort, tcp.SrcPort, c.got, c.sent
		next = &c.got
	}
	if !tcp.ACK {
		tcp.Ack = 0
	}
	*next += uint32(len(payload))
	if tcp.SYN {
		*next++
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return fmt.Errorf("pcapng: %w", err)
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, &tcp, gopacket.Payload(payload)); err != nil {
		return fmt.Errorf("pcapng: %w", err)
	}
	var options pcapgo.NgPacketOptions
	if comment != "" {
		options.Comments = []string{comment}
	}
	info := gopacket.CaptureInfo{Timestamp: r.At, CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}
	if err := w.file.WritePacketWithOptions(info, b.Bytes(), options); err != nil {
		return fmt.Errorf("pcapng: %w", err)
	}
	return nil
}

// Close ends the file.
func (w *Pcapng) Close() error {
	if err := w.file.Flush(); err != nil {
		return fmt.Errorf("pcapng: %w", err)
	}
	return nil
}
