package flow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"smsflow/services/flow"
)

func TestRedaction(t *testing.T) {
	t.Parallel()
	values := map[string]any{
		"phone": flow.Phone("+491701234589"), "code": flow.Phone("72345"), "body": flow.Body("Grüße, Ann"), "key": flow.Secret("hunter2"),
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(h)
		for k, v := range values {
			log.Info("seen", slog.Any(k, v))
		}
	}
	for _, v := range values {
		fmt.Fprintf(&out, "%v %s %+v %#v %q\n", v, v, v, v, v)
	}
	if err := json.NewEncoder(&out).Encode(values); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"1701234589", "12345", "72345", "Ann", "hunter2"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the output:\n%s", secret, &out)
		}
	}
	for _, shown := range []string{"+49…89", "[10 chars]", "[secret]"} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("%q is not in the output:\n%s", shown, &out)
		}
	}
	if flow.Phone("").String() != "…" || flow.Body("").String() != "[0 chars]" {
		t.Error("an empty value")
	}
}
