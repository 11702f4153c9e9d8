package load

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// The charts are drawn as SVG within the page: no script, nothing to fetch. Colours are classes, so that the page has them light and dark.
const (
	chartWide, chartHigh            = 860, 260
	marginLeft, marginRight         = 64, 12
	marginTop, marginBottom         = 10, 34
	plotRight, plotBottom           = chartWide - marginRight, chartHigh - marginBottom
	plotWide                float64 = plotRight - marginLeft
	plotHigh                float64 = plotBottom - marginTop
)

// axis maps values to a chart. A logarithmic one begins above 0.
type axis struct {
	from, to float64
	log      bool
	label    string
	ticks    []tick
	bands    []band
}

// band is a time in which something went wrong on purpose.
type band struct {
	from, to float64
	what     string
}

type tick struct {
	at   float64
	text string
}

// place gives where a value lies, from 0 to 1.
func (a *axis) place(v float64) float64 {
	from, to := a.from, a.to
	if a.log {
		from, to, v = math.Log(from), math.Log(to), math.Log(max(v, a.from))
	}
	if to == from {
		return 0
	}
	return min(max((v-from)/(to-from), 0), 1)
}

// timeAxis is for times: logarithmic, from the decade of the least to that of the greatest.
func timeAxis(least, most time.Duration) axis {
	from := math.Pow(10, math.Floor(math.Log10(float64(max(least, 1000)))))
	to := math.Pow(10, math.Ceil(math.Log10(float64(max(most, 10_000)))))
	a := axis{from: from, to: max(to, 10*from), log: true}
	for at := a.from; at <= a.to*1.001; at *= 10 {
		a.ticks = append(a.ticks, tick{at, shortTime(time.Duration(math.Round(at)))})
	}
	return a
}

// evenAxis is for what counts from 0: at round steps.
func evenAxis(most float64, text func(float64) string) axis {
	step := math.Pow(10, math.Floor(math.Log10(max(most, 1e-9)))) / 2
	for most/step > 6 {
		step *= 2
		if most/step > 6 {
			step *= 2.5
		}
	}
	a := axis{to: math.Ceil(max(most, 1e-9)/step) * step}
	for i := 0; i < 12 && float64(i)*step <= a.to*1.001; i++ {
		a.ticks = append(a.ticks, tick{float64(i) * step, text(float64(i) * step)})
	}
	return a
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func clockAxis(end time.Duration) axis {
	a := evenAxis(end.Seconds(), func(s float64) string { return time.Duration(math.Round(s*1e3) * 1e6).String() })
	a.to = end.Seconds()
	a.label = "since the run's start"
	for len(a.ticks) > 0 && a.ticks[len(a.ticks)-1].at > a.to*1.001 {
		a.ticks = a.ticks[:len(a.ticks)-1]
	}
	return a
}

// shareAxis is that of a percentile curve: each nine of a percentile is as wide as the one before.
func shareAxis(beyond float64) axis {
	a := axis{from: 1, to: math.Pow(10, math.Ceil(math.Log10(max(beyond, 10))-1e-9)), log: true, label: "share of orders"}
	for at, digits := 1.0, -2; at <= a.to*1.001; at, digits = at*10, digits+1 {
		a.ticks = append(a.ticks, tick{at, strconv.FormatFloat(100*(1-1/at), 'f', max(digits, 0), 64) + " %"})
	}
	return a
}

// line is a series of a chart. A place without a value is NaN: the line has a gap there.
type line struct {
	name string
	x, y []float64
	step bool // holds its value until the next
}

// canvas is a chart in the making.
type canvas struct {
	strings.Builder
	x, y axis
	high float64
}

func newCanvas(title string, x, y axis) *canvas {
	c := &canvas{x: x, y: y}
	fmt.Fprintf(c, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWide, chartHigh, html.EscapeString(title))
	for _, t := range y.ticks {
		at := c.atY(t.at)
		fmt.Fprintf(c, `<path class="grid" d="M%d %.1fH%d"/><text class="y" x="%d" y="%.1f">%s</text>`, marginLeft, at, plotRight, marginLeft-6, at+4, html.EscapeString(t.text))
	}
	for _, t := range x.ticks {
		at := c.atX(t.at)
		fmt.Fprintf(c, `<path class="grid" d="M%.1f %dV%d"/><text class="x" x="%.1f" y="%d">%s</text>`, at, marginTop, plotBottom, at, plotBottom+15, html.EscapeString(t.text))
	}
	for _, b := range x.bands {
		left, right := c.atX(b.from), c.atX(b.to)
		fmt.Fprintf(c, `<rect class="band" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`, left, marginTop, max(right-left, 2), plotBottom-marginTop, html.EscapeString(b.what))
	}
	fmt.Fprintf(c, `<text class="x" x="%d" y="%d">%s</text>`, (marginLeft+plotRight)/2, chartHigh-4, html.EscapeString(x.label))
	return c
}

func (c *canvas) atX(v float64) float64 { return marginLeft + plotWide*c.x.place(v) }
func (c *canvas) atY(v float64) float64 { return float64(plotBottom) - plotHigh*c.y.place(v) }

func (c *canvas) done() template.HTML { return template.HTML(c.String() + "</svg>") }

// class is the colour of the nth series.
func class(n int) string { return "s" + strconv.Itoa(n%8) }

// draw draws a line as the nth series.
func (c *canvas) draw(n int, l line) {
	fmt.Fprintf(c, `<path class="line %s" d="`, class(n))
	pen := "M"
	for i, v := range l.y {
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		if l.step && pen == "L" {
			fmt.Fprintf(c, "H%.1f", c.atX(l.x[i]))
		}
		fmt.Fprintf(c, "%s%.1f %.1f", pen, c.atX(l.x[i]), c.atY(v))
		pen = "L"
	}
	fmt.Fprintf(c, `"><title>%s</title></path>`, html.EscapeString(l.name))
}

func (c *canvas) box(classes string, x0, y0, x1, y1 float64, title string) {
	left, top := c.atX(x0), c.atY(y1)
	fmt.Fprintf(c, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`, classes, left, top,
		max(c.atX(x1)-left, 0.5), max(c.atY(y0)-top, 0.5), html.EscapeString(title))
}

// chart is a figure of the report.
type chart struct {
	Title, Says string
	Key         []key
	SVG         template.HTML
}

type key struct{ Class, Name string }

// lines draws a chart of lines.
func lines(title, says string, x, y axis, series ...line) chart {
	c := newCanvas(title, x, y)
	f := chart{Title: title, Says: says}
	for n, l := range series {
		c.draw(n, l)
		f.Key = append(f.Key, key{class(n), l.name})
	}
	f.SVG = c.done()
	return f
}
