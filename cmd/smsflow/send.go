package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/app"
)

// sendCommand acts as a messaging gateway. Its defaults fit the demo.
type sendCommand struct {
	Connection `embed:""`

	Data    string        `name:"data" placeholder:"DIR" default:"${data}" env:"SMSFLOW_DATA" help:"The demo's data folder, where its key is."`
	KeyFile string        `name:"key-file" placeholder:"FILE" env:"SMSFLOW_KEY_FILE" help:"File with the gateway's key; DIR/demo-gateway.key if it is not named."`
	From    string        `name:"from" placeholder:"NUMBER" default:"${demo_contact}" env:"SMSFLOW_FROM" help:"Who texts (E.164)."`
	To      string        `name:"to" placeholder:"NUMBER" default:"${demo_number}" env:"SMSFLOW_TO" help:"The tenant's number that is texted."`
	ID      string        `name:"id" placeholder:"ID" env:"SMSFLOW_ID" help:"The gateway's own id of the message: the same id again is a repeated delivery. A new one if it is not named."`
	Wait    time.Duration `name:"wait" placeholder:"DURATION" default:"25s" env:"SMSFLOW_WAIT" help:"How long to wait for the outcome, 0s to 60s."`
	JSON    bool          `name:"json" env:"SMSFLOW_JSON" help:"Print the response as JSON."`
	Text    string        `arg:"" help:"The message."`
}

// Run submits the message and prints what became of it. Every outcome is a success.
func (c *sendCommand) Run(ctx context.Context, to *console) error {
	if c.Wait < 0 || c.Wait > maxWait {
		return fmt.Errorf("--wait (SMSFLOW_WAIT) is %s: choose 0s to %s", c.Wait, maxWait)
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	id := c.ID
	if id == "" {
		id = "send-" + uuid.NewString()
	}
	req := &smsflowv1.RouteInboundRequest{
		GatewayMessageId: id, From: c.From, To: c.To, Body: c.Text, Wait: durationpb.New(c.Wait),
	}
	res, err := c.submit(ctx, key, req)
	if err != nil {
		return err
	}
	if c.JSON {
		text, err := protojson.MarshalOptions{Multiline: true, EmitDefaultValues: true}.Marshal(res)
		if err != nil {
			return fmt.Errorf("print the response: %w", err)
		}
		_, err = fmt.Fprintf(to.out, "%s\n", text)
		return err
	}
	_, err = fmt.Fprint(to.out, drawn(req, res))
	return err
}

// maxWait is how long a server lets a call wait.
const maxWait = time.Minute

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 4096

// key reads the gateway's key.
func (c *sendCommand) key() (string, error) {
	file := c.KeyFile
	if file == "" {
		file = filepath.Join(c.Data, app.DemoGatewayFile)
	}
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.KeyFile == "":
		return "", fmt.Errorf("there is no key in %s: start the demo with `%s serve --demo`, which writes it, or name its folder (--data) or a key's file (--key-file)", file, program())
	case err != nil:
		return "", fmt.Errorf("--key-file: %w", err)
	}
	key := strings.TrimSpace(string(raw))
	if key == "" || len(key) > maxKeyFile || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s does not hold a key: it must be one line, ID.SECRET", file)
	}
	return key, nil
}
