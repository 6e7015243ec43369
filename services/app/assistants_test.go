package app

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/assistant/assistanttest"
)

// model makes an assistant behind a server, and assigns it to General questions.
func (s *server) model(t *testing.T, url, key string) *smsflowv1.Assistant {
	t.Helper()
	made, err := s.assistants.CreateAssistant(t.Context(), &smsflowv1.CreateAssistantRequest{Assistant: &smsflowv1.Assistant{
		Name: "Model", Provider: smsflowv1.Provider_PROVIDER_OPENAI, BaseUrl: url, Model: "tiny-1", ApiKey: key,
		Instructions: "Answer in verse.", Timeout: durationpb.New(time.Second),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.workflows.UpdateWorkflow(t.Context(), &smsflowv1.UpdateWorkflowRequest{
		Workflow:   &smsflowv1.Workflow{Id: s.workflow(t, "General questions").GetId(), AssistantId: made.GetAssistant().GetId()},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"assistant_id"}},
	}); err != nil {
		t.Fatal(err)
	}
	return made.GetAssistant()
}

// TestModel: a model behind an OpenAI-compatible server gets the instructions, the context, the template and the
// conversation, and its words are sent: S3, S36, S38, S40, B6, B10.
func TestModel(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		mock := assistanttest.NewServer(t, assistanttest.Completes("Nine to five, come rain or shine."))
		s := start(t, demoConfig(place))
		made := s.model(t, mock.URL, "sk-planted")
		if made.GetApiKey() != "" || !made.GetHasApiKey() {
			t.Errorf("the key is shown again: %v", made)
		}
		s.route(t, DemoContact, "Hello there")
		res := s.route(t, DemoContact, openingHours)
		if got := replies(res); len(got) != 1 || got[0] != "Nine to five, come rain or shine." {
			t.Errorf("%v: %q", res.GetOutcome(), got)
		}
		steps := res.GetTrace().GetCandidates()[len(res.GetTrace().GetCandidates())-1].GetSteps()
		if u := steps[len(steps)-1].GetUsage(); u.GetModel() != "tiny-1" || u.GetInputTokens() != 11 || u.GetOutputTokens() != 7 || u.GetLatency().AsDuration() <= 0 {
			t.Errorf("usage %v", u)
		}
		chats := mock.Chats()
		if len(chats) != 2 {
			t.Fatalf("%d calls", len(chats))
		}
		if got := chats[1].Header.Get("Authorization"); got != "Bearer sk-planted" {
			t.Errorf("authorization %q", got)
		}
		var prompt strings.Builder
		for _, m := range chats[1].Messages {
			prompt.WriteString(m.Role + ": " + m.Content + "\n")
		}
		for _, want := range []string{"Answer in verse.", "free parking behind the building", "Answer in one or two sentences.", "Hello there", "Nine to five", openingHours} {
			if !strings.Contains(prompt.String(), want) {
				t.Errorf("the prompt does not hold %q:\n%s", want, prompt.String())
			}
		}
		if strings.Contains(s.log.String(), "sk-planted") {
			t.Error("the key is in the log")
		}
	})
}

// TestFailingModel: a model that fails or is too slow loses no message: the fallback text is sent, and the trace says
// why: B6, S20.
func TestFailingModel(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]assistanttest.Behaviour{
		"breaks":  assistanttest.Sends(400, "application/json", `{"error":{"message":"planted"}}`),
		"hangs":   assistanttest.Hangs(),
		"nothing": assistanttest.Empty(),
		"page":    assistanttest.HTML(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := assistanttest.NewServer(t, behaviour)
			s := start(t, demoConfig(StoreConfig{Data: t.TempDir()}))
			s.model(t, mock.URL, "")
			res := s.route(t, DemoContact, openingHours)
			if got := replies(res); res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || len(got) != 1 || !strings.HasPrefix(got[0], "Sorry, I do not know that.") {
				t.Errorf("%v: %q", res.GetOutcome(), got)
			}
			steps := res.GetTrace().GetCandidates()[len(res.GetTrace().GetCandidates())-1].GetSteps()
			last := steps[len(steps)-1]
			if last.GetResult() != smsflowv1.StepTrace_RESULT_ERROR || !strings.Contains(last.GetDetail(), "assistant") || strings.Contains(last.GetDetail(), "planted") {
				t.Errorf("%v", last)
			}
		})
	}
}

// TestPrivateModel: without the operator's consent no assistant is called at a private address.
func TestPrivateModel(t *testing.T) {
	t.Parallel()
	mock := assistanttest.NewServer(t)
	c := demoConfig(StoreConfig{Data: t.TempDir()})
	c.AllowPrivateAssistants = nil
	s := start(t, c)
	s.model(t, mock.URL, "")
	res := s.route(t, DemoContact, openingHours)
	if got := replies(res); len(got) != 1 || !strings.HasPrefix(got[0], "Sorry, I do not know that.") {
		t.Errorf("%q", got)
	}
	if n := len(mock.Chats()); n != 0 {
		t.Errorf("the server was called %d times", n)
	}
}
