package reports

import (
	"cmp"
	"io"
)

// The Cucumber JSON that report plugins read (cucumber-jvm's json-formatter writes the same members). Durations are in
// nanoseconds. What happened outside any step stands in an "after" hook.
type (
	cukeFeature struct {
		URI         string        `json:"uri"`
		ID          string        `json:"id"`
		Keyword     string        `json:"keyword"`
		Name        string        `json:"name"`
		Description string        `json:"description"`
		Line        int           `json:"line"`
		Tags        []cukeTag     `json:"tags"`
		Elements    []cukeElement `json:"elements"`
	}
	cukeTag struct {
		Name string `json:"name"`
		Line int    `json:"line"`
	}
	cukeElement struct {
		ID          string     `json:"id"`
		Type        string     `json:"type"`
		Keyword     string     `json:"keyword"`
		Name        string     `json:"name"`
		Description string     `json:"description"`
		Line        int        `json:"line"`
		Started     string     `json:"start_timestamp,omitempty"`
		Tags        []cukeTag  `json:"tags"`
		Steps       []cukeStep `json:"steps"`
		After       []cukeHook `json:"after,omitempty"`
	}
	cukeStep struct {
		Keyword    string          `json:"keyword"`
		Name       string          `json:"name"`
		Line       int             `json:"line"`
		Match      cukeMatch       `json:"match"`
		Result     cukeResult      `json:"result"`
		Rows       []cukeRow       `json:"rows,omitempty"`
		DocString  *cukeDocString  `json:"doc_string,omitempty"`
		Embeddings []cukeEmbedding `json:"embeddings,omitempty"`
	}
	cukeHook struct {
		Match  cukeMatch  `json:"match"`
		Result cukeResult `json:"result"`
	}
	cukeMatch struct {
		Location string `json:"location"`
	}
	cukeResult struct {
		Status   string `json:"status"`
		Duration int64  `json:"duration"`
		Error    string `json:"error_message,omitempty"`
	}
	cukeRow struct {
		Cells []string `json:"cells"`
	}
	cukeDocString struct {
		Value       string `json:"value"`
		ContentType string `json:"content_type"`
		Line        int    `json:"line"`
	}
	cukeEmbedding struct {
		MediaType string `json:"mime_type"`
		Data      []byte `json:"data"` // base64 in JSON
		Name      string `json:"name,omitempty"`
	}
)

func writeCucumber(w io.Writer, r *Run) error {
	features := []cukeFeature{}
	for i := range r.Features {
		f := &r.Features[i]
		out := cukeFeature{
			URI: f.URI, ID: f.URI, Keyword: f.Keyword, Name: f.Name, Description: f.Description, Line: f.Line,
			Tags: cukeTags(f.Tags, f.Line), Elements: []cukeElement{},
		}
		for j := range f.Scenarios {
			out.Elements = append(out.Elements, cukeScenario(&f.Scenarios[j]))
		}
		features = append(features, out)
	}
	if r.Broken != "" {
		hook := cukeHook{cukeMatch{"tillproof"}, cukeResult{Status: cukeStatus(Broken), Error: r.Broken}}
		features = append(features, cukeFeature{
			URI: "tillproof", ID: "tillproof", Keyword: "Feature", Name: "harness", Tags: []cukeTag{}, Elements: []cukeElement{{
				ID: "tillproof;harness", Type: "scenario", Keyword: "Scenario", Name: "harness", Tags: []cukeTag{}, Steps: []cukeStep{},
				After: []cukeHook{hook},
			}},
		})
	}
	return encodeJSON(w, features)
}

func cukeScenario(s *Scenario) cukeElement {
	e := cukeElement{
		ID: s.ID, Type: "scenario", Keyword: s.Keyword, Name: s.Name, Line: s.Line, Description: s.Rule,
		Tags: cukeTags(s.Tags, s.Line), Steps: []cukeStep{},
	}
	if !s.Started.IsZero() {
		e.Started = s.Started.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	worst := Passed
	for _, step := range s.Steps {
		e.Steps = append(e.Steps, cukeOneStep(step))
		worst = min(worst, step.Status)
	}
	if outside := s.outside(); outside != "" || s.Status < worst {
		e.After = []cukeHook{{cukeMatch{"tillproof"}, cukeResult{Status: cukeStatus(s.Status), Error: cmp.Or(outside, s.Status.String())}}}
	}
	return e
}

// outside tells what is to be said about a scenario that no step of it says.
func (s *Scenario) outside() string {
	rest := Scenario{Reason: s.Reason, Failure: s.Failure, Breaks: s.Breaks}
	return rest.account()
}

func cukeOneStep(step Step) cukeStep {
	out := cukeStep{
		Keyword: step.Keyword + " ", Name: step.Text, Line: step.Line,
		Result: cukeResult{Status: cukeStatus(step.Status), Duration: step.Took.Nanoseconds()},
	}
	if step.Failure != nil {
		out.Result.Error = step.Failure.account()
	}
	if step.DocString != "" {
		out.DocString = &cukeDocString{Value: step.DocString, Line: step.Line + 1}
	}
	for _, row := range step.Table {
		out.Rows = append(out.Rows, cukeRow{row})
	}
	for _, a := range step.Attachments {
		out.Embeddings = append(out.Embeddings, cukeEmbedding{a.MediaType, a.Body, a.Name})
	}
	return out
}

// cukeStatus: plugins know failed, skipped, pending and passed. They know no broken harness; failed at least is red.
func cukeStatus(s Status) string {
	switch s {
	case Broken:
		return "failed"
	case Review:
		return "pending"
	}
	return s.String()
}

func cukeTags(names []string, line int) []cukeTag {
	tags := []cukeTag{}
	for _, name := range names {
		tags = append(tags, cukeTag{name, line})
	}
	return tags
}
