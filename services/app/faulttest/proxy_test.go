//go:build linux

package faulttest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cut is what the proxy does to one connection between the product and PostgreSQL.
type cut int

const (
	letThrough    cut = iota
	cutBefore         // the COMMIT does not reach the server
	cutAnswer         // the server has committed, and its answer is lost
	cutInAnswer       // a part of the answer gets through
	holdAnswer        // the answer comes when the product's leases are over
	holdAndCut        // the connection stays silent for that long, and then the answer is lost
	cutsCount         // how many there are
	cutEvery      = 40
	holdTime      = 3 * time.Second
	answerCutSize = 3 // bytes of the answer that get through
)

// proxy stands between the product and PostgreSQL and breaks connections at their COMMIT.
type proxy struct {
	url    string
	server string
	quit   chan struct{}
	all    sync.WaitGroup
	// calm: nothing is broken any more.
	calm atomic.Bool
	did  [cutsCount]atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newProxy(tb testing.TB, at string) *proxy {
	tb.Helper()
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{server: u.Host, quit: make(chan struct{}), conns: map[net.Conn]bool{}}
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
	tb.Cleanup(func() {
		close(p.quit)
		_ = l.Close()
		p.reset(1)
		p.all.Wait()
	})
	return p
}

// reset breaks each connection with that likelihood.
func (p *proxy) reset(likelihood float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if rand.Float64() < likelihood {
			_ = c.Close()
		}
	}
}

// keep notes a connection, and gives what forgets it.
func (p *proxy) keep(c net.Conn) (drop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
		_ = c.Close()
	}
}

// fate is what is done at a COMMIT.
func (p *proxy) fate() cut {
	if p.calm.Load() || rand.IntN(cutEvery) > 0 {
		return letThrough
	}
	c := 1 + cut(rand.IntN(int(cutsCount)-1))
	p.did[c].Add(1)
	return c
}

func (p *proxy) serve(client net.Conn) {
	defer p.keep(client)()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer p.keep(server)()
	var next atomic.Int64 // what is done to the next answer
	p.all.Go(func() {
		defer func() { _ = client.Close() }()
		defer func() { _ = server.Close() }()
		p.answers(client, server, &next)
	})
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if bytes.Contains(buf[:n], []byte("COMMIT\x00")) {
			f := p.fate()
			if f == cutBefore {
				return
			}
			next.Store(int64(f))
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// answers copies what the server says.
func (p *proxy) answers(client io.Writer, server io.Reader, next *atomic.Int64) {
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		f := cut(next.Swap(int64(letThrough)))
		if f == holdAnswer || f == holdAndCut {
			wait := time.NewTimer(holdTime)
			select {
			case <-wait.C:
			case <-p.quit:
				wait.Stop()
				return
			}
		}
		switch f {
		case cutAnswer, holdAndCut:
			return
		case cutInAnswer:
			_, _ = client.Write(buf[:min(n, answerCutSize)]) // it is cut anyway
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
