package reports

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// idLimit bounds the bytes of an id's first part, so that it stays a file name everywhere.
const idLimit = 160

// ScenarioID names a scenario by its feature file and the line of its keyword or its row of examples:
// features/swipe/sale.feature and 12 give swipe-sale-12. It is safe in a file name and the same in every run.
func ScenarioID(uri string, line int) string {
	stem := strings.TrimPrefix(strings.TrimSuffix(uri, ".feature"), "features/")
	stem = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			return r
		}
		return '-'
	}, stem)
	for len(stem) > idLimit {
		_, n := utf8.DecodeRuneInString(stem)
		stem = stem[n:]
	}
	return strings.TrimLeft(stem, "-") + "-" + strconv.Itoa(line)
}
