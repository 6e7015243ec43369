package engine_test

import (
	"testing"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

// What contacts write, and all the goals whose words are in it. general_inquiry is left out: it takes everything.
func TestGoals(t *testing.T) {
	t.Parallel()
	const (
		lead, help, sales, book, feed = flow.GoalLeadCapture, flow.GoalHelpDeskSupport, flow.GoalSalesInquiry, flow.GoalAppointmentBooking, flow.GoalFeedback
	)
	goals := []flow.Goal{lead, help, sales, book, feed}
	var programs []*engine.Program
	for _, g := range goals {
		programs = append(programs, program(t, g, flow.Step{Spec: &flow.MatchGoal{}}))
	}
	for message, want := range map[string][]flow.Goal{
		"What are your opening hours?":    nil,
		"Are you open on Sunday?":         nil,
		"where are you located":           nil,
		"Do you take walk-ins?":           nil,
		"ok":                              nil,
		"asdf qwer":                       nil,
		"":                                nil,
		"How much does a cleaning cost?":  {lead, sales},
		"what are your prices":            {lead, sales},
		"HOW MUCH???":                     {lead, sales},
		"Can I get a quote for two rooms": {lead, sales},
		"I'm interested in your services": {lead},
		"I\u2019m interested, please call me back":             {lead},
		"Could someone send me more information?":              {lead},
		"I want to sign up":                                    {lead},
		"do you offer financing":                               {lead, sales},
		"I'd like to buy 20 units":                             {sales},
		"Is the blue one in stock?":                            {sales},
		"do you ship to Canada":                                {sales},
		"Any discounts for bulk orders?":                       {lead, sales},
		"My internet is not working":                           {help},
		"I can't log in to my account":                         {help},
		"it doesn't work":                                      {help},
		"It doesnt work":                                       {help},
		"The app keeps crashing":                               {help},
		"forgot my password":                                   {help},
		"where is my order":                                    {help},
		"Can you help me?":                                     {help},
		"I'd like to book a table for 4":                       {book},
		"need to reschedule my appointment":                    {book},
		"any openings this week?":                              {book},
		"Do you have availability on Friday":                   {book},
		"are you free tomorrow at 3?":                          {book},
		"Thank you, great service!":                            {feed},
		"I want to make a complaint":                           {feed},
		"very disappointed with the staff":                     {feed},
		"5 stars from me":                                      {feed},
		"My order arrived damaged, I want to file a complaint": {help, feed},
	} {
		for i, g := range goals {
			p := programs[i]
			_, out := p.Advance(start(p), engine.Facts{Now: noon(), Message: message}, engine.Event{})
			wanted := false
			for _, w := range want {
				wanted = wanted || w == g
			}
			if got := out.Steps[0].Result == flow.StepPassed; got != wanted {
				t.Errorf("%q: %s is %v (%s)", message, g, got, out.Steps[0].Detail)
			}
		}
	}
}
