// Package capture reads and writes recorded traffic: pcap and pcapng files, with their TCP connections put together again, and NDJSON.
package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

const (
	maxBytes = 64 << 20 // what is kept of one file
	overhead = 256      // what a chunk and a connection count beside their bytes
	maxPages = 8192     // packets that wait for one before them; then that one is taken for lost
)

// Stream is one direction of one TCP connection.
type Stream struct {
	From, To netip.AddrPort
	Chunks   []Chunk // in the order of the sender
}

// Chunk is bytes that arrived together.
type Chunk struct {
	At    time.Time
	Bytes []byte
	Lost  int // bytes before this chunk that the capture does not hold; -1 when nobody knows how many
}

// Streams reads a pcap or pcapng file, gzipped or not, and gives both directions of each TCP connection in it, the caller's
// first, in the order the connections begin. A direction that carried nothing is left out, and so are packets that are not
// TCP. A file that is cut off, holds shortened packets or more than 64 MiB is an error that names the packet.
func Streams(r io.Reader) ([]Stream, error) {
	var all []*[2]Stream
	size := 0
	grow := func(n int) error {
		if size += n + overhead; size > maxBytes {
			return fmt.Errorf("the file holds more than %d MiB: cut it down to the connections that matter", maxBytes>>20)
		}
		return nil
	}
	c := &collector{opened: func(c *connection) error {
		all = append(all, &[2]Stream{{From: c.caller, To: c.called}, {From: c.called, To: c.caller}})
		return grow(0)
	}}
	c.chunk = func(number, side int, chunk Chunk) error {
		s := &all[number][side]
		s.Chunks = append(s.Chunks, chunk)
		return grow(len(chunk.Bytes))
	}
	if err := c.read(bufio.NewReader(r)); err != nil {
		return nil, err
	}
	var streams []Stream
	for _, sides := range all {
		for _, s := range sides {
			if len(s.Chunks) > 0 {
				streams = append(streams, s)
			}
		}
	}
	return streams, nil
}

// read has the packets of a file put together and handed over. It holds no more than the connections that are open and what waits in
// them for packets that come late.
func (c *collector) read(r *bufio.Reader) error {
	source, err := open(r)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	pool := reassembly.NewStreamPool(c)
	assembler := reassembly.NewAssembler(pool)
	assembler.MaxBufferedPagesTotal = maxPages
	for n := 1; ; n++ {
		p, err := source()
		if err == io.EOF && p.info.CaptureLength == 0 {
			break
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errors.New("the file is cut off")
		}
		if err == nil {
			err = c.take(assembler, p)
		}
		if err != nil {
			return fmt.Errorf("capture: packet %d: %w", n, err)
		}
	}
	assembler.FlushAll()
	if c.err != nil {
		return fmt.Errorf("capture: %w", c.err)
	}
	return nil
}

// packet is one record of a file.
type packet struct {
	data []byte
	info gopacket.CaptureInfo
	link layers.LinkType
}

// open tells the two formats apart by their first bytes and gives a function that reads the next packet.
func open(buffered *bufio.Reader) (func() (packet, error), error) {
	magic, err := buffered.Peek(4)
	if err != nil {
		return nil, errors.New("the file is too short to be a capture")
	}
	if string(magic) == "\x0A\x0D\x0D\x0A" {
		ng, err := pcapgo.NewNgReader(buffered, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, fmt.Errorf("pcapng header: %w", err)
		}
		return func() (packet, error) {
			data, info, err := ng.ReadPacketData()
			if err != nil {
				return packet{info: info}, err
			}
			link, _ := info.AncillaryData[0].(layers.LinkType)
			return packet{data, info, link}, nil
		}, nil
	}
	plain, err := pcapgo.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("neither pcap nor pcapng: %w", err)
	}
	return func() (packet, error) {
		data, info, err := plain.ReadPacketData()
		return packet{data, info, plain.LinkType()}, err
	}, nil
}

// collector hands on what the assembler puts together, until that is an error. Connections are numbered as they begin; side 0 is the caller's.
type collector struct {
	opened func(*connection) error
	chunk  func(number, side int, c Chunk) error
	count  int
	err    error
}

func (c *collector) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

// take gives a packet to the assembler if it is TCP.
func (c *collector) take(assembler *reassembly.Assembler, p packet) error {
	first, err := decoder(p.link)
	if err != nil {
		return err
	}
	decoded := gopacket.NewPacket(p.data, first, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	network := decoded.NetworkLayer()
	tcp, ok := decoded.TransportLayer().(*layers.TCP)
	if network == nil || !ok {
		return nil
	}
	if p.info.CaptureLength < p.info.Length {
		return fmt.Errorf("only %d of its %d bytes are there: record with a larger snap length", p.info.CaptureLength, p.info.Length)
	}
	assembler.AssembleWithContext(network.NetworkFlow(), tcp, at{p.info})
	return c.err
}

// decoder gives what reads the first layer of a packet.
func decoder(link layers.LinkType) (gopacket.Decoder, error) {
	switch link {
	case layers.LinkTypeNull, layers.LinkTypeLoop, layers.LinkTypeEthernet, layers.LinkTypeLinuxSLL, layers.LinkTypeLinuxSLL2:
		return link, nil
	case layers.LinkTypeRaw, 12, 14: // the BSDs write raw IP as 12 or 14
		return layers.LinkTypeRaw, nil
	case layers.LinkTypeIPv4:
		return layers.LayerTypeIPv4, nil
	case layers.LinkTypeIPv6:
		return layers.LayerTypeIPv6, nil
	}
	return nil, fmt.Errorf("link type %d: want Ethernet, loopback, Linux cooked or raw IP", uint16(link))
}

// New implements reassembly.StreamFactory.
func (c *collector) New(network, transport gopacket.Flow, tcp *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	from, _ := netip.AddrFromSlice(network.Src().Raw())
	to, _ := netip.AddrFromSlice(network.Dst().Raw())
	caller, called := netip.AddrPortFrom(from, uint16(tcp.SrcPort)), netip.AddrPortFrom(to, uint16(tcp.DstPort))
	if tcp.SYN && tcp.ACK { // the capture begins with the answer to the call
		caller, called = called, caller
	}
	first := &connection{collector: c, number: c.count, caller: caller, called: called, swapped: tcp.SYN && tcp.ACK}
	c.count++
	c.keep(c.opened(first))
	return first
}

// connection implements reassembly.Stream for both directions.
type connection struct {
	collector      *collector
	number         int
	caller, called netip.AddrPort
	swapped        bool // the first packet seen was the called's
}

// Accept takes every packet; a connection that was there before the capture begins with its first one.
func (c *connection) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, next reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	if next < 0 {
		*start = true
	}
	return true
}

// ReassembledSG keeps bytes that are in order now.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	length, _ := sg.Lengths()
	direction, _, _, lost := sg.Info()
	if length == 0 {
		return
	}
	side := 0
	if (direction == reassembly.TCPDirServerToClient) != c.swapped {
		side = 1
	}
	c.collector.keep(c.collector.chunk(c.number, side, Chunk{At: sg.CaptureInfo(0).Timestamp, Bytes: append([]byte(nil), sg.Fetch(length)...), Lost: lost}))
}

// ReassemblyComplete lets a later connection between the same ports be one of its own.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }

// at is the assembler's context: when a packet was seen.
type at struct{ info gopacket.CaptureInfo }

// GetCaptureInfo implements reassembly.AssemblerContext.
func (a at) GetCaptureInfo() gopacket.CaptureInfo { return a.info }
