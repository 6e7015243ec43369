package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/workflow"
)

// The demo's tenant. Its numbers are of the range that is kept free for fiction.
const (
	DemoNumber     = "+14155550100"
	DemoContact    = "+14155550123" // who `smsflow send` is if nothing else is said
	demoTenant     = flow.TenantID("01936d00-0000-7000-8000-000000000001")
	demoConnection = flow.ConnectionID("01936d00-0000-7000-8000-000000000002")
	demoName       = "Harbour Dental"
	demoZone       = "America/Los_Angeles"
)

// demoFirst is the first of the numbers that send the SMS on start, demoStarts how many there are.
const (
	demoFirst  = 14155550160
	demoStarts = 40
)

// DemoFirst is who sends the SMS on the start at that time: another contact with each start, so that many starts in a
// row do not look like two automations that answer each other, nor does anybody's opting out concern the next.
func DemoFirst(at time.Time) string {
	return "+" + strconv.FormatInt(demoFirst+at.UnixMilli()%demoStarts, 10)
}

// demoStore is what the demo needs of a database beside what the use cases need.
type demoStore interface {
	workflow.Store
	access.Store
	CreateTenant(ctx context.Context, t flow.Tenant) error
	AddNumber(ctx context.Context, n flow.Number) error
	CreateKey(ctx context.Context, k flow.Key) error
}

// seedDemo sets up the demo tenant if it is not there, and its two keys if their files do not hold good ones. What an
// operator has changed or deleted stays so.
func seedDemo(ctx context.Context, c *Config, store demoStore, service *workflow.Service) error {
	_, err := store.Tenant(ctx, demoTenant)
	missing := errors.Is(err, flow.ErrNotFound)
	if err != nil && !missing {
		return fmt.Errorf("demo: read the tenant: %w", err)
	}
	if missing {
		tenant := flow.Tenant{
			ID: demoTenant, Name: demoName, SMSPlan: true, SMSWorkflows: true,
			// Who tries the demo alone has nobody to release a conversation that was handed off.
			Settings:  flow.Settings{Zone: demoZone, Brand: demoName, HelpContact: DemoNumber, ReleaseAfterMinutes: 1},
			CreatedAt: service.Now(),
		}
		// Of two replicas that start with --demo at once one comes second.
		if err := store.CreateTenant(ctx, tenant); err != nil && !errors.Is(err, flow.ErrExists) {
			return fmt.Errorf("demo: make the tenant: %w", err)
		}
	}
	// The key's file is written last: without it an earlier start may have ended half way. Request ids make the
	// repetition harmless.
	if _, err := os.Stat(c.File(DemoGatewayFile)); missing || errors.Is(err, fs.ErrNotExist) {
		if err := seedDemoTenant(ctx, store, service); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	gate := &access.Gate{Store: store, Now: service.Now}
	err = errors.Join(
		demoKey(ctx, gate, store, c.File(DemoConfigFile), flow.Key{
			Tenant: demoTenant, Name: "demo config", Scopes: []flow.Scope{flow.ScopeConfigRead, flow.ScopeConfigWrite}, CreatedAt: service.Now(),
		}),
		demoKey(ctx, gate, store, c.File(DemoGatewayFile), flow.Key{
			Tenant: demoTenant, Name: "demo gateway", Scopes: []flow.Scope{flow.ScopeRouterIngest}, Connection: demoConnection, CreatedAt: service.Now(),
		}),
	)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// demoKey keeps the key in the file if this server knows it, else makes a new one.
func demoKey(ctx context.Context, gate *access.Gate, store demoStore, file string, key flow.Key) error {
	raw, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p, err := gate.Authenticate(ctx, "Bearer "+strings.TrimSpace(string(raw)))
	if err == nil && p.Tenant == demoTenant {
		return nil
	}
	if err != nil && !errors.Is(err, flow.ErrUnauthenticated) {
		return err
	}
	key, token, err := access.NewKey(rand.Reader, key)
	if err != nil {
		return err
	}
	if err := store.CreateKey(ctx, key); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	return writePrivate(file, []byte(token.Reveal()+"\n"))
}

// seedDemoTenant makes what the demo tenant has. Whatever is there already is left as it is.
func seedDemoTenant(ctx context.Context, store demoStore, service *workflow.Service) error {
	caller := workflow.Caller{Tenant: demoTenant, Subject: "demo"}
	if err := store.AddNumber(ctx, flow.Number{Tenant: demoTenant, Number: DemoNumber}); err != nil {
		return fmt.Errorf("add its number: %w", err)
	}
	ids := map[string]flow.AssistantID{}
	for _, a := range demoAssistants() {
		made, err := service.CreateAssistant(ctx, caller, a, "", requestID("assistant", a.Name))
		if there(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("make the assistant %s: %w", a.Name, err)
		}
		ids[a.Name] = made.ID
	}
	for _, w := range demoWorkflows() {
		w.Assistant = ids[string(w.Assistant)]
		if _, err := service.CreateWorkflow(ctx, caller, w, requestID("workflow", w.Name)); err != nil && !there(err) {
			return fmt.Errorf("make the workflow %s: %w", w.Name, err)
		}
	}
	return nil
}

// there says whether a create failed because an earlier start made the same, which may have been changed or deleted
// since.
func there(err error) bool {
	return errors.Is(err, flow.ErrExists) || errors.Is(err, flow.ErrNotFound) || errors.Is(err, flow.ErrPrecondition)
}

func requestID(kind, name string) string {
	return "demo " + kind + " " + name
}

const (
	frontDesk = "Front desk"
	salesDesk = "Sales desk"
)

// demoAssistants answer without any network: they look passages up in a workflow's context.
func demoAssistants() []flow.Assistant {
	return []flow.Assistant{
		{
			Name: frontDesk, Provider: flow.ProviderFAQ, Timeout: 5 * time.Second,
			Instructions: "You are the front desk of Harbour Dental. Be brief and friendly. Never give medical advice.",
		},
		{
			Name: salesDesk, Provider: flow.ProviderFAQ, Timeout: 5 * time.Second,
			Instructions: "You tell people who are not patients yet what a treatment costs, and win them for a first visit.",
		},
	}
}

// demoWorkflows show goals, hours and priorities. Assistant holds the assistant's name.
func demoWorkflows() []flow.Workflow {
	return []flow.Workflow{
		{
			Name: "Lead capture", Goal: flow.GoalLeadCapture, Assistant: salesDesk, Priority: 90, Active: true,
			Description:      "People who ask what a treatment costs: tells the price, marks them as leads.",
			Context:          demoPrices,
			ResponseTemplate: "Name the price, nothing else.\nEnd with: Shall we book you a visit? Text us your name and a day that suits.",
			Steps: []flow.Step{
				{ID: "match_goal", Label: "Asks about prices", Spec: &flow.MatchGoal{ExtraWords: []string{"new here", "first visit"}}},
				{ID: "mark_lead", Label: "Mark as a lead", Spec: &flow.TagContact{Tag: "lead"}},
				{ID: "answer", Label: "Tell the price", Spec: &flow.AssistantReply{
					MaxSegments:  2,
					FallbackText: "Thank you for asking! Prices depend on the treatment: a first visit is $59. Which treatment do you have in mind?",
				}},
			},
		},
		{
			Name: "Appointment booking", Goal: flow.GoalAppointmentBooking, Assistant: frontDesk, Priority: 80, Active: true,
			Description:      "People who want to come, to move their visit or to call it off.",
			Context:          demoBooking,
			ResponseTemplate: "Say what to do next in one or two sentences.",
			Steps: []flow.Step{
				{ID: "match_goal", Label: "Wants an appointment", Spec: &flow.MatchGoal{}},
				{ID: "topic", Label: "Remember the topic", Spec: &flow.SetVariable{Name: "topic", Value: "appointment"}},
				{ID: "answer", Label: "Say how to book", Spec: &flow.AssistantReply{
					MaxSegments:  2,
					FallbackText: "To book, move or cancel a visit, text us your name and a day that suits; we confirm it by SMS.",
				}},
			},
		},
		{
			Name: "After-hours support", Goal: flow.GoalHelpDeskSupport, Priority: 70, Active: true,
			Description: "Calls for help while nobody is in: tells about the emergency line, and leaves the rest to a person.",
			Steps: []flow.Step{
				{ID: "match_goal", Label: "Asks for help", Spec: &flow.MatchGoal{ExtraWords: []string{"emergency", "toothache", "pain", "broken tooth"}}},
				{ID: "closed", Label: "Outside office hours", Spec: &flow.WithinHours{
					Outside: true, Zone: demoZone,
					Hours: []flow.Hours{
						{Day: flow.Monday, Opens: "09:00", Closes: "17:30"},
						{Day: flow.Tuesday, Opens: "09:00", Closes: "17:30"},
						{Day: flow.Wednesday, Opens: "09:00", Closes: "17:30"},
						{Day: flow.Thursday, Opens: "09:00", Closes: "17:30"},
						{Day: flow.Friday, Opens: "09:00", Closes: "17:30"},
						{Day: flow.Saturday, Opens: "10:00", Closes: "14:00"},
					},
				}},
				{ID: "tell", Label: "Tell about the emergency line", Spec: &flow.SendMessage{
					Text: "{{tenant.name}} is closed now. If you are in pain call the emergency line, 415-555-0111. Otherwise we will text you when we open, {{contact.name|and thank you for waiting}}.",
				}},
				{ID: "person", Label: "Leave it to a person", Spec: &flow.HandOff{Note: "Asked for help after hours: {{message.text}}"}},
			},
		},
		{
			Name: "General questions", Goal: flow.GoalGeneralInquiry, Assistant: frontDesk, Priority: 10, Active: true,
			Description:      "Everything that no other workflow has taken: hours, address, parking, insurance.",
			Context:          demoFacts,
			ResponseTemplate: "Answer in one or two sentences.",
			Steps: []flow.Step{
				{ID: "answer", Label: "Answer from the facts", Spec: &flow.AssistantReply{
					MaxSegments:  2,
					FallbackText: "Sorry, I do not know that. Please call the front desk on 415-555-0100, or ask about our hours, address, parking or insurance.",
				}},
			},
		},
	}
}

// The contexts are written as the built-in assistant reads them best: labels, lists under a heading, questions with
// their answers.
const (
	demoFacts = `Opening hours: we are open Monday to Friday from 9:00 to 17:30 and Saturday from 10:00 to 14:00. We are closed on Sundays and public holidays.
Address: we are located at 12 Harbour Street, San Francisco, on the second floor. The entrance is next to the bakery.
Parking: there is free parking behind the building for two hours; the entrance is on Pier Lane.
Public transport: take bus line 19 or tram F to the stop Harbour Street, one minute on foot.
Insurance: we accept most PPO dental insurance plans, including Delta Dental, Cigna and Aetna. Bring your insurance card.
Payment: you can pay by card, by phone or in cash.
Children: we treat children from three years on. Parents can stay in the room.
Wheelchair access: there is a lift, and all rooms are accessible by wheelchair.
Dentists: Dr. Amara Okafor and Dr. Lena Fischer speak English, Spanish and German.`

	demoPrices = `# Prices
- First visit for new patients, with check-up and X-ray: $59.
- Check-up with cleaning: $95.
- Teeth whitening: $280.
- Filling: $120 to $190.
- Crown: $890.
- Implant: from $1,900.
- Braces and aligners: from $2,400.

Payment plans: every price can be paid over six months without interest.`

	demoBooking = `Q: How do I book, schedule or make an appointment?
A: To book, text us your name and two days that suit you. We confirm the time by SMS.

Q: How do I reschedule, move or change my appointment?
A: To move a visit, text us your name and the new day. That is free up to 24 hours before.

Q: How do I cancel my appointment?
A: To call a visit off, text us your name and its day. Later than 24 hours before it a fee of $25 is due.

Q: When is the next available slot or opening?
A: A check-up is usually free within three days and takes 45 minutes.`
)
