package steps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// language of a step's text.
type language int

const (
	english language = iota
	chinese
)

// placeholder stands in a pattern as {name}: its expression in each language, and how what it captured becomes one argument.
type placeholder struct {
	name     string
	expr     [2]string
	captures int
	join     func(language, []string) string // nil: the one capture as it is
}

// placeholders are the kinds of values that steps take. An argument reads the same whatever language it was written in.
func placeholders() []placeholder {
	return []placeholder{
		{"till", [2]string{`"(T\d)"`, `"(T\d)"`}, 1, nil},
		{"party", [2]string{`(?:"(T\d)"|(the host))`, `(?:"(T\d)"|(主机))`}, 2, func(_ language, c []string) string {
			if c[0] == "" {
				return "host"
			}
			return c[0]
		}},
		{"text", [2]string{`"([^"]*)"`, `"([^"]*)"`}, 1, nil},
		{"merchant", [2]string{`"([^"]+)"`, `"([^"]+)"`}, 1, nil},
		{"who", [2]string{`(\p{Lu}\p{Ll}+)`, `(\p{Han}{2,3}?)`}, 1, nil},
		{"amount", [2]string{`(-?\d+\.\d\d [A-Z]{3})`, `(-?\d+\.\d\d) 元`}, 1, func(l language, c []string) string {
			if l == chinese {
				return c[0] + " CNY"
			}
			return c[0]
		}},
		{"duration", [2]string{`(\d+) (second|minute|hour|day)s?`, `(\d+) ?(秒|分钟|小时|天)`}, 2, joinDuration},
		{"message", [2]string{`(the answer to )?(?:the )?(\d+(?:st|nd|rd|th)|every) ([a-z-]+)`,
			`(第 ?\d+|每) ?(?:笔|次)(` + flowsZh + `)(的应答)?`}, 3, joinMessage},
		{"act", [2]string{`(reversal(?:-request)?|(?:[a-z]+-)*(?:void|refund|completion|completion-advice))`,
			`(冲正请求|冲正|(?:邮购电购|分期付款|订购)?(?:消费)?(?:预授权)?(?:完成)?(?:撤销|退货|完成通知|完成))`}, 1, func(_ language, c []string) string { return flowWord(c[0]) }},
		{"flow", [2]string{`(sale|sign-in|reversal|instalment)`, `(分期付款消费|消费|签到|冲正)`}, 1, func(l language, c []string) string { return flowWord(c[0]) }},
		{"field", [2]string{`(F\d+(?:\.\d+)?|TPDU|header|MTI|[a-z]+(?:_[a-z0-9]+)*)`, `(F\d+(?:\.\d+)?|TPDU|header|MTI|[a-z]+(?:_[a-z0-9]+)*)`}, 1, nil},
		{"code", [2]string{`"([0-9A-Z]{2})"`, `"([0-9A-Z]{2})"`}, 1, nil},
		{"count", [2]string{`(\d+)`, `(\d+)`}, 1, nil},
		{"SCREEN", [2]string{`([A-Z][A-Z0-9_]*)`, `([A-Z][A-Z0-9_]*)`}, 1, nil},
		{"trouble", [2]string{`([a-z-]+)`, `([a-z-]+)`}, 1, nil},
		{"fact", [2]string{`(approved|declined|reversed|pending|exception|tombstone|unknown|charged|nothing)`,
			`(已批准|已拒绝|已冲正|待冲正|异常|空冲正|不明|已退单|无)`}, 1, func(_ language, c []string) string { return factWord(c[0]) }},
	}
}

// flowsZh are the flows' names in Chinese; the longer stand before those they begin with.
const flowsZh = `公钥查询|公钥下载结束|公钥下载|应用查询|应用下载结束|应用下载|参数下载结束|参数下载|状态上送|电子签名|签到|签退|密钥更换|线路测试|余额查询|邮购电购预授权完成撤销|邮购电购预授权完成通知|邮购电购预授权完成|邮购电购预授权撤销|邮购电购预授权|` +
	`邮购电购消费|邮购电购撤销|邮购电购退货|分期付款消费|分期付款撤销|订购消费撤销|订购消费|消费撤销|离线消费|消费|离线调整|小费|结算|明细上送|退货上送|完成通知上送|上送结束|退货|` +
	`预授权完成撤销|预授权完成通知|预授权完成|预授权撤销|预授权|冲正请求|冲正`

// joinDuration gives a Go duration: 90s, 24h.
func joinDuration(_ language, c []string) string {
	switch c[1] {
	case "second", "秒":
		return c[0] + "s"
	case "minute", "分钟":
		return c[0] + "m"
	case "hour", "小时":
		return c[0] + "h"
	}
	days, _ := strconv.Atoi(c[0]) // digits only
	return strconv.Itoa(24*days) + "h"
}

// joinMessage gives "answer 2 sale": request or answer, the number (0 is every), the flow.
func joinMessage(l language, c []string) string {
	answer, ordinal, flow := c[0], c[1], c[2]
	if l == chinese {
		ordinal, flow, answer = c[0], c[1], c[2]
	}
	side := "request"
	if answer != "" {
		side = "answer"
	}
	number := strings.TrimFunc(ordinal, func(r rune) bool { return r < '0' || r > '9' })
	if number == "" {
		number = "0"
	}
	return side + " " + number + " " + flowWord(flow)
}

var translations = map[string]string{
	"签到": "sign-in", "签退": "sign-out", "线路测试": "echo", "密钥更换": "key-change", "消费": "sale", "冲正": "reversal", "冲正请求": "reversal-request",
	"扫码消费": "sale-by-code", "扫码消费撤销": "void-by-code", "扫码退货": "refund-by-code", "扫码付款": "wallet-sale", "扫码退款": "wallet-refund",
	"离线消费": "offline-sale", "离线调整": "adjustment", "小费": "tip",
	"结算": "settlement", "明细上送": "batch-upload", "退货上送": "refund-upload", "完成通知上送": "completion-upload", "上送结束": "upload-end",
	"余额查询": "balance", "消费撤销": "void", "退货": "refund", "预授权": "pre-auth", "预授权撤销": "pre-auth-void", "预授权完成": "completion",
	"预授权完成撤销": "completion-void", "预授权完成通知": "completion-advice",
	"邮购电购消费": "moto-sale", "邮购电购撤销": "moto-void", "邮购电购退货": "moto-refund", "邮购电购预授权": "moto-pre-auth",
	"邮购电购预授权撤销": "moto-pre-auth-void", "邮购电购预授权完成": "moto-completion", "邮购电购预授权完成通知": "moto-completion-advice",
	"邮购电购预授权完成撤销": "moto-completion-void", "分期付款消费": "instalment", "分期付款撤销": "instalment-void",
	"订购消费": "recurring", "订购消费撤销": "recurring-void",
	"公钥查询": "capk-query", "公钥下载": "capk-download", "公钥下载结束": "capk-end", "应用查询": "aid-query", "应用下载": "aid-download",
	"应用下载结束": "aid-end", "参数下载": "parameter-download", "参数下载结束": "parameter-end", "状态上送": "status-upload", "电子签名": "e-signature",
	"已批准": "approved", "已拒绝": "declined", "已冲正": "reversed", "待冲正": "pending", "异常": "exception", "空冲正": "tombstone", "已退单": "charged",
	"不明": "unknown", "无": "nothing",
}

func flowWord(s string) string {
	if en, ok := translations[s]; ok {
		return en
	}
	return s
}

func factWord(s string) string { return flowWord(s) }

// slot is one argument of a pattern: a placeholder, or a choice of words in parentheses.
type slot struct {
	of           placeholder
	alternatives []string // of a choice; the same order in both languages
	matches      []*regexp.Regexp
}

func (s slot) captures() int {
	if s.alternatives != nil {
		return 1
	}
	return s.of.captures
}

// compile turns a pattern into an anchored expression and its slots in the order of the text.
func compile(pattern string, l language) (string, []slot, error) {
	var expr strings.Builder
	var slots []slot
	expr.WriteByte('^')
	for i := 0; i < len(pattern); {
		switch {
		case pattern[i] == '{' && !digitAt(pattern, i+1):
			end := strings.IndexByte(pattern[i:], '}')
			name := pattern[i+1 : i+max(end, 1)]
			p, ok := find(name)
			if !ok {
				return "", nil, fmt.Errorf("pattern %q: there is no placeholder {%s}", pattern, name)
			}
			expr.WriteString(p.expr[l])
			slots = append(slots, slot{of: p})
			i += end + 1
		case pattern[i] == '(' && !strings.HasPrefix(pattern[i:], "(?"):
			end := closing(pattern, i)
			if end < 0 {
				return "", nil, fmt.Errorf("pattern %q: a parenthesis stays open", pattern)
			}
			expr.WriteString(pattern[i : end+1])
			choice, err := newChoice(pattern[i+1 : end])
			if err != nil {
				return "", nil, fmt.Errorf("pattern %q: %w", pattern, err)
			}
			slots = append(slots, choice)
			i = end + 1
		default:
			expr.WriteByte(pattern[i])
			i++
		}
	}
	expr.WriteByte('$')
	return expr.String(), slots, nil
}

func newChoice(inside string) (slot, error) {
	s := slot{alternatives: alternatives(inside)}
	for _, a := range s.alternatives {
		re, err := regexp.Compile("^(?:" + a + ")$")
		if err != nil {
			return s, err
		}
		s.matches = append(s.matches, re)
	}
	return s, nil
}

func digitAt(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

func find(name string) (placeholder, bool) {
	for _, p := range placeholders() {
		if p.name == name {
			return p, true
		}
	}
	return placeholder{}, false
}

// closing finds the parenthesis that closes the one at i.
func closing(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// alternatives splits the inside of a group at its own bars.
func alternatives(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			if depth == 0 {
				out = append(out, s[start:i])
				start = i + 1
			}
		}
	}
	return append(out, s[start:])
}

// value turns what a slot captured into its argument. A choice gives the English words of the alternative taken, with the
// first of each inner choice; text that fits no alternative literally (digits) stays as it is.
func (s slot) value(l language, captured []string, en slot) string {
	if s.alternatives == nil {
		if s.of.join == nil {
			return captured[0]
		}
		return s.of.join(l, captured)
	}
	if captured[0] == "" {
		return ""
	}
	for i, alternative := range s.matches {
		if alternative.MatchString(captured[0]) && i < len(en.alternatives) {
			return plain(en.alternatives[i], captured[0])
		}
	}
	return captured[0]
}

var innerChoice = regexp.MustCompile(`\(\?:([^|()]*)\|?[^()]*\)`)

// plain gives an alternative as words: the first of each inner choice. An alternative that is an expression (\d+) gives
// what was captured.
func plain(alternative, captured string) string {
	if strings.Contains(alternative, `\`) {
		return captured
	}
	return innerChoice.ReplaceAllString(alternative, "$1")
}
