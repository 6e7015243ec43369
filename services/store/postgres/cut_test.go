package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/postgres"
	"smsflow/services/store/storetest"
)

// ingestOne commits one message.
func ingestOne(s storetest.Store, key string) error {
	_, err := s.Ingest(context.Background(), "me", time.Hour, []flow.Inbound{message(key, flow.InboundID("id of "+key))})
	return err
}

// message is one of a conversation.
func message(key string, id flow.InboundID) flow.Inbound {
	return flow.Inbound{Tenant: "t", ID: id, Conversation: "c", Connection: "gw", Key: key, From: "+1", To: "+2", Body: "hi", AcceptedAt: time.Now()}
}

// TestLostAnswerOfACommit cuts the connection after a COMMIT has reached the server and before its answer is back. The
// driver must not run the statement again by itself, and the caller's own second try finds what the first one did.
func TestLostAnswerOfACommit(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	at := storetest.Postgres(t)
	p := newProxy(t, at)
	s, err := postgres.Open(ctx, p.url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { shut(t, s) }()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := ingestOne(s, "warm"); err != nil { // prepares the statements
		t.Fatal(err)
	}

	p.cutNextCommit.Store(true)
	if err := ingestOne(s, "key"); !errors.Is(err, flow.ErrUnavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	if p.cutNextCommit.Load() {
		t.Fatal("nothing was cut")
	}
	got, err := s.Ingest(ctx, "me", time.Hour, []flow.Inbound{message("key", "again")})
	if err != nil {
		t.Fatal(err)
	}
	if !got[0].Duplicate || got[0].ID != "id of key" {
		t.Fatalf("got %+v, want a duplicate of the first", got)
	}
}

// proxy stands between the store and the server.
type proxy struct {
	url           string
	server        string
	cutNextCommit atomic.Bool
	all           sync.WaitGroup
}

func newProxy(t *testing.T, at string) *proxy {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host}
	u.Host = l.Addr().String()
	p.url = u.String()
	p.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.all.Wait()
	})
	return p
}

// serve copies both ways until one side ends.
func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var cut atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = client.Close() }()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil || cut.Load() { // the server has answered the COMMIT: nobody hears it
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if bytes.Contains(buf[:n], []byte("COMMIT")) && p.cutNextCommit.CompareAndSwap(true, false) {
			cut.Store(true)
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			break
		}
	}
	if c, ok := server.(*net.TCPConn); ok && !cut.Load() {
		_ = c.CloseWrite()
	}
	<-done
	_, _ = io.Copy(io.Discard, client)
}
