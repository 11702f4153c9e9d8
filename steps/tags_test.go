package steps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/reports"
)

// The cases of the next three tests are those published with Cucumber's tag expressions (testdata/parsing.yml,
// errors.yml and evaluations.yml), and a few of our own behind them.
func TestParseTags(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`@a and @b`, `( @a and @b )`},
		{`@a or @b`, `( @a or @b )`},
		{`not @a`, `not ( @a )`},
		{`@a and @b and @c`, `( ( @a and @b ) and @c )`},
		{`( @a and @b ) or ( @c and @d )`, `( ( @a and @b ) or ( @c and @d ) )`},
		{`not @a or @b and not @c or not @d or @e and @f`, `( ( ( not ( @a ) or ( @b and not ( @c ) ) ) or not ( @d ) ) or ( @e and @f ) )`},
		{`not @a\(\) or @b and not @c or not @d or @e and @f`, `( ( ( not ( @a\(\) ) or ( @b and not ( @c ) ) ) or not ( @d ) ) or ( @e and @f ) )`},
		{`not (@a and @b)`, `not ( @a and @b )`},
		{`not (@a or @b)`, `not ( @a or @b )`},
		{`not (@a and @b) and @c or not (@d or @f)`, `( ( not ( @a and @b ) and @c ) or not ( @d or @f ) )`},
		{`@a\\ and @b`, `( @a\\ and @b )`},
		{`@\\a and @b`, `( @\\a and @b )`},
		{`@a and @b\\`, `( @a and @b\\ )`},
		{`( @a and @b\\\\)`, `( @a and @b\\\\ )`},
		{`@a\\\( and @b\\\)`, `( @a\\\( and @b\\\) )`},
		{`(@a and @\\b)`, `( @a and @\\b )`},
		{`@x or(@y) `, `( @x or @y )`},
		{`@x\(1\) or(@y\(2\))`, `( @x\(1\) or @y\(2\) )`},
		{`@\\x or @y\\ or @z\\`, `( ( @\\x or @y\\ ) or @z\\ )`},
		{`@x\\ or(@y\\\)) or(@z\\)`, `( ( @x\\ or @y\\\) ) or @z\\ )`},
		{`@x\  or @y`, `( @x\  or @y )`},

		{``, ``},
		{" \t ", ``},
		{`@a`, `@a`},
		{`((@a))`, `@a`},
		{`not not @a`, `not ( not ( @a ) )`},
		{`@android or @notable`, `( @android or @notable )`},
		{"@a\u3000and @签到", `( @a and @签到 )`},
	} {
		tags, err := ParseTags(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if tags.String() != c.want {
			t.Errorf("%q reads as %q, want %q", c.text, tags, c.want)
		}
	}
}

func TestParseTagsErrors(t *testing.T) {
	operator, operand := `want "and" or "or" here`, "want a tag here, such as @swipe"
	for _, c := range []struct {
		text, why string
		column    int
	}{
		{`@a @b or`, operator, 4},
		{`@a and (@b not)`, operator, 12},
		{`@a and (@b @c) or`, operator, 12},
		{`@a and or`, operand, 8},
		{`@a,@b`, `a comma joins nothing: write "and" or "or"`, 3},
		{`(@a ,@b)`, `a comma joins nothing: write "and" or "or"`, 5},
		{`or or`, operand, 1},
		{`@a @b`, operator, 4},
		{`( @a and @b ) )`, "this ) closes nothing", 15},
		{`( ( @a and @b )`, "this ( is never closed", 1},
		{`@x or @\y or @z`, "a backslash stands only before a bracket, a space or a backslash", 8},
		{`@x\ or @y`, operator, 8},

		{`@a and`, operand, 7},
		{`@a && ~@b`, operator, 4},
		{`swipe`, operand, 1},
		{`()`, operand, 2},
		{`@签到 和 @b`, operator, 5},
		{`@a\`, "nothing follows the backslash", 3},
	} {
		_, err := ParseTags(c.text)
		if err == nil {
			t.Errorf("%q: read without error", c.text)
			continue
		}
		first, rest, _ := strings.Cut(err.Error(), "\n")
		shown, caret, _ := strings.Cut(rest, "\n")
		if want := fmt.Sprintf("column %d: %s", c.column, c.why); !strings.HasSuffix(first, want) {
			t.Errorf("%q: %q, want %q", c.text, first, want)
		}
		before := string([]rune(c.text)[:c.column-1])
		if shown != "  "+c.text || caret != strings.Repeat(" ", 2+reports.Width(before))+"^" {
			t.Errorf("%q: caret in the wrong place:\n%v", c.text, err)
		}
	}
	if _, err := ParseTags(strings.Repeat("(", tagsLimit+1)); err == nil {
		t.Error("an endless expression was read")
	}
}

func TestTagsMatch(t *testing.T) {
	for _, c := range []struct {
		text string
		tags string
		want bool
	}{
		{`not @x`, `@x`, false},
		{`not @x`, `@y`, true},
		{`@x and @y`, `@x @y`, true},
		{`@x and @y`, `@x`, false},
		{`@x and @y`, `@y`, false},
		{`@x or @y`, ``, false},
		{`@x or @y`, `@x @y`, true},
		{`@x or @y`, `@x`, true},
		{`@x or @y`, `@y`, true},
		{`@x\(1\) or @y\(2\)`, `@x(1)`, true},
		{`@x\(1\) or @y\(2\)`, `@y(2)`, true},
		{`@x\\ or @y\\\) or @z\\`, `@x\`, true},
		{`@x\\ or @y\\\) or @z\\`, `@y\)`, true},
		{`@x\\ or @y\\\) or @z\\`, `@z\`, true},
		{`@x\\ or @y\\\) or @z\\`, `@x`, false},
		{`@x\\ or @y\\\) or @z\\`, `@y)`, false},
		{`@x\\ or @y\\\) or @z\\`, `@z`, false},
		{`@\\x or @y\\ or @z\\`, `@\x`, true},
		{`@\\x or @y\\ or @z\\`, `@x`, false},

		{``, `@x`, true},
		{``, ``, true},
		{`not @x and @y`, `@y`, true},
		{`not @x and @y`, `@x @y`, false},
		{`not @x and @y`, ``, false},
		{`@a or @b and @c`, `@a`, true},
		{`(@a or @b) and @c`, `@a`, false},
		{`@a and not (@b or @c)`, `@a`, true},
		{`@a and not (@b or @c)`, `@a @c`, false},
	} {
		tags, err := ParseTags(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tags.Match(strings.Fields(c.tags)); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.text, c.tags, got, c.want)
		}
	}
}

// FuzzParseTags: no text panics, and what was read prints as text that reads the same.
func FuzzParseTags(f *testing.F) {
	for _, seed := range []string{`@a and not (@b or @c)`, `@x\ or @y`, `( ( @a`, `@\\x or(@y\))`, "@签到 or\xff", `@a,@b`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := ParseTags(text)
		if err != nil {
			return
		}
		printed := tags.String()
		again, err := ParseTags(printed)
		if err != nil && len(printed) <= tagsLimit {
			t.Fatalf("%q printed as %q does not read: %v", text, printed, err)
		}
		if err == nil && again.String() != printed {
			t.Fatalf("%q printed as %q reads as %q", text, printed, again)
		}
	})
}
