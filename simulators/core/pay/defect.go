package pay

// Defect is a named edit of a party's rules R, of the kind that real systems ship with. Honest code knows nothing of it:
// the edit changes the data that the code decides from.
type Defect[R any] struct {
	Name     string // acquirer-skips-mac
	Category string // security, money, protocol, emv, keys, settlement, resilience
	Text     string // what is wrong, in one line
	Why      string // how it happens in the field
	Edit     func(*R)
}
