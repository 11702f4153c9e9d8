package rig

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Watched gives a rig like this one that tells of each rule entry which its parties ask, by its place in the rules: "acquirer.Flows/sale.Checks/mac". Entries
// that are data tell nothing when they are read.
func (r *Rig) Watched(note func(entry string)) (*Rig, error) {
	own := *r
	var err error
	if own.rules, err = armed(r.options.Defects); err != nil { // rules of its own
		return nil, err
	}
	for name, rules := range own.rules.parties() {
		walk(rules, name, func(path string, at reflect.Value) {
			if at.Kind() != reflect.Func || at.IsNil() || !at.CanSet() {
				return
			}
			asked := reflect.ValueOf(at.Interface())
			at.Set(reflect.MakeFunc(asked.Type(), func(args []reflect.Value) []reflect.Value {
				note(path)
				if asked.Type().IsVariadic() {
					return asked.CallSlice(args)
				}
				return asked.Call(args)
			}))
		})
	}
	return &own, nil
}

// parties gives the rules of each party, to be read or changed. What a kernel decides from stands in the terminal's.
func (s ruleSet) parties() map[string]reflect.Value {
	return map[string]reflect.Value{"acquirer": reflect.ValueOf(s.acquirer), "issuer": reflect.ValueOf(s.issuer), "terminal": reflect.ValueOf(s.terminal),
		"card": reflect.ValueOf(s.card), "wallet": reflect.ValueOf(s.wallet), "merchant": reflect.ValueOf(s.merchant)}
}

// Touches tells by the entries that a scenario of the honest rig consulted whether a defect can change anything in it. A function is told by itself; of data
// it is only known whose it is, so that a scenario which asks
// anything of that party is touched; a list that has more than entries taken out of it touches whoever asks any of them.
type Touches func(consulted map[string]bool) bool

// TouchedBy gives what finds what a defect edits.
func TouchedBy() (func(defect string) (Touches, error), error) {
	honest, err := armed(nil)
	before := leaves(honest)
	return func(defect string) (Touches, error) {
		edited, err := armed([]string{defect})
		if err != nil {
			return nil, err
		}
		return touches(before, leaves(edited)), nil
	}, err
}

// touches compares honest rules with edited ones.
func touches(before, after map[string]string) Touches {
	var functions, prefixes []string
	asks := func(list string) bool { // its elements are functions, so that those taken out tell by themselves
		for path, was := range before {
			if strings.HasPrefix(path, list+"/") && strings.HasPrefix(was, "func ") {
				return true
			}
		}
		return false
	}
	for path, was := range before {
		is, there := after[path]
		kind, _, _ := strings.Cut(was, " ")
		switch {
		case was == is, !there && kind == "data": // what it is part of was taken out
		case kind == "func":
			functions = append(functions, path)
		case kind == "list" && asks(path) && subsequence(strings.Fields(is), strings.Fields(was)):
		case kind == "list" && asks(path):
			prefixes = append(prefixes, path+"/")
		default:
			prefixes = append(prefixes, owner(path))
		}
	}
	if len(functions)+len(prefixes) == 0 { // it edits what cannot be told apart
		prefixes = []string{""}
	}
	return func(consulted map[string]bool) bool {
		if slices.ContainsFunc(functions, func(f string) bool { return consulted[f] }) {
			return true
		}
		for entry := range consulted {
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(entry, p) }) {
				return true
			}
		}
		return false
	}
}

// owner gives the party whose rules hold an entry, as a prefix of all their entries.
func owner(path string) string {
	if strings.HasPrefix(path, kernelRules) {
		return kernelRules
	}
	party, _, _ := strings.Cut(path, ".")
	return party + "."
}

const kernelRules = "terminal.Kernel."

// leaves gives what stands at each place of all rules, in a form that can be compared: of functions it is their code.
func leaves(s ruleSet) map[string]string {
	all := map[string]string{}
	for name, rules := range s.parties() {
		walk(rules, name, func(path string, at reflect.Value) {
			switch {
			case at.Kind() == reflect.Func && at.IsNil():
				all[path] = "data nil"
			case at.Kind() == reflect.Func:
				all[path] = fmt.Sprintf("func %x", at.Pointer())
			case at.Kind() == reflect.Slice:
				all[path] = "list"
				for i := range at.Len() {
					all[path] += " " + elementName(at.Index(i), i)
				}
			default:
				all[path] = fmt.Sprintf("data %v", at)
			}
		})
	}
	return all
}

// walk visits every place of rules: what has no more parts, and lists both as a whole and by their elements.
func walk(at reflect.Value, path string, visit func(path string, at reflect.Value)) {
	switch at.Kind() {
	case reflect.Pointer:
		if !at.IsNil() {
			walk(at.Elem(), path, visit)
			return
		}
	case reflect.Struct:
		if exported(at.Type()) {
			for i := range at.NumField() {
				walk(at.Field(i), path+"."+at.Type().Field(i).Name, visit)
			}
			return
		}
	case reflect.Slice:
		if at.Type().Elem().Kind() == reflect.Struct {
			visit(path, at)
			for i := range at.Len() {
				walk(at.Index(i), path+"/"+elementName(at.Index(i), i), visit)
			}
			return
		}
		visit(path, reflect.ValueOf(fmt.Sprint(at)))
		return
	}
	visit(path, at)
}

// exported tells that all of a struct can be read from here.
func exported(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return t.NumField() > 0
}

// elementName names an element of a list by its first part, or by its place.
func elementName(at reflect.Value, i int) string {
	if at.Kind() == reflect.Struct && at.NumField() > 0 {
		switch first := at.Field(0); first.Kind() {
		case reflect.String, reflect.Int, reflect.Uint8:
			return strings.ReplaceAll(fmt.Sprint(first), " ", "-")
		}
	}
	return fmt.Sprint(i)
}

// subsequence tells that few are some of all, in their order.
func subsequence(few, all []string) bool {
	for _, f := range few {
		i := slices.Index(all, f)
		if i < 0 {
			return false
		}
		all = all[i+1:]
	}
	return true
}
