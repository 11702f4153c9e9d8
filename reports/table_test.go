package reports

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 0}, {"sale", 4}, {"消费", 4}, {"交易成功。", 10}, {"10.00元", 7}, {"￥10", 4}, {"é", 1}, {"e\u0301", 1}, {"한국", 4}, {"カード", 6},
		{"（a）", 5}, {"\u200b", 0}, {"…", 1}, {"😀", 2}, {"𠮷", 2}, {"Грош", 4},
	} {
		if got := Width(c.text); got != c.want {
			t.Errorf("%q takes %d columns, want %d", c.text, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	got := table("  ", [][]string{{"F2", "卡号", "6200"}, {"F39", "answer code", ""}, {"MAC"}, {"长长长", "x", "y"}})
	want := "" +
		"  F2      卡号         6200\n" +
		"  F39     answer code\n" +
		"  MAC\n" +
		"  长长长  x            y\n"
	if got != want {
		t.Errorf("got\n%s want\n%s", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"sale", 4, "sale"}, {"sales", 4, "sal…"}, {"消费成功", 8, "消费成功"}, {"消费成功", 7, "消费成…"}, {"消费成功", 6, "消费…"}, {"消费", 1, "…"},
	} {
		got := cut(c.text, c.width)
		if got != c.want || Width(got) > c.width || !utf8.ValidString(got) {
			t.Errorf("%q in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestScenarioID(t *testing.T) {
	for _, c := range []struct {
		uri  string
		line int
		want string
	}{
		{"features/swipe/sale.feature", 12, "swipe-sale-12"},
		{"swipe/sale.feature", 3, "swipe-sale-3"},
		{"/home/me/my features/x y.feature", 3, "home-me-my-features-x-y-3"},
		{`../c:\a\b.feature`, 1, "c--a-b-1"},
		{"features/签到/签到_1.feature", 7, "签到-签到_1-7"},
		{"plain.txt", 7, "plain-txt-7"},
		{strings.Repeat("签", 100) + ".feature", 1, strings.Repeat("签", 53) + "-1"},
	} {
		if got := ScenarioID(c.uri, c.line); got != c.want {
			t.Errorf("%s:%d is %s, want %s", c.uri, c.line, got, c.want)
		}
	}
}
