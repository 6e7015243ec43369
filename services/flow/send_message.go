package flow

// MaxText is the length of a text to be sent, before its variables are put in.
const MaxText = 1_600

// SendMessage is an action that sends a text, which may name variables (see Text). A text that comes out empty is not
// sent.
//
//	id: greet
//	send_message:
//	  text: "Hello {{contact.name|there}}, we open at 9."
type SendMessage struct {
	Text string `json:"text"`
}

// Type is send_message.
func (*SendMessage) Type() StepType { return TypeSendMessage }

// Check is false.
func (*SendMessage) Check() bool { return false }

func (s *SendMessage) validate(v *violations, path string) {
	if v.required(path+".text", s.Text, "is empty: write what is to be sent, or remove the step") {
		v.template(path+".text", s.Text, MaxText)
	}
}
