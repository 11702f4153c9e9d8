// Package features holds what must be true of a payment system: Gherkin, one folder for each topic, tagged with requirement ids.
package features

import "embed"

// FS holds the shipped features, "signin/first.feature" and so on.
//
//go:embed */*.feature
var FS embed.FS
