package faq

import (
	"strings"

	"smsflow/services/flow"
)

// answerMark is where a template that is a frame wants the answer.
const answerMark = "{{answer}}"

// frame gives what stands before and after the answer: see the package doc.
func frame(ask flow.Ask) (before, after string) {
	template := strings.TrimSpace(ask.ResponseTemplate)
	if head, tail, ok := strings.Cut(template, answerMark); ok {
		before, after = head, tail
	} else {
		before, after = directives(template)
	}
	before, ok := render(before, ask)
	if !ok {
		return "", ""
	}
	after, ok = render(after, ask)
	if !ok {
		return "", ""
	}
	return before, after
}

// render puts the tenant's and the workflow's name in. A text that names what does not exist (a second answer too) is
// no frame.
func render(text string, ask flow.Ask) (string, bool) {
	parsed, bad := flow.ParseText(text)
	if len(bad) > 0 {
		return "", false
	}
	return parsed.Render(func(name string) string {
		switch name {
		case flow.VarTenantName:
			return ask.TenantName
		case flow.VarWorkflowName:
			return ask.WorkflowName
		}
		return ""
	}), true
}

// directives finds the lines that say what to begin and to end with; the last of each counts.
func directives(template string) (before, after string) {
	for line := range strings.SplitSeq(template, "\n") {
		name, text, ok := strings.Cut(strings.TrimLeft(line, " \t-*•"), ":")
		text = strings.Trim(strings.TrimSpace(text), `"“”`)
		if !ok || text == "" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "start with", "always start with", "begin with", "always begin with":
			before = text + " "
		case "end with", "always end with", "sign off", "sign off with", "sign", "sign with":
			after = " " + text
		}
	}
	return before, after
}
