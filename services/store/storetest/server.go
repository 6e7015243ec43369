package storetest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"
)

// Server is a PostgreSQL of one test's own, which can crash and come back. It is gone when the test is, or when this
// process is, however that ends.
type Server struct {
	// URL is that of its database, which is empty at first.
	URL string

	folder folder
	orders io.Writer
	done   *bufio.Reader
}

// orders starts and crashes the server as its input wants, and answers each order with a line. At the end of its input
// it removes everything.
const orders = `
trap '' INT TERM HUP
while read -r order; do
	case $order in
	start)
		"$1"/postgres -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100 \
			-c timezone=UTC -c lc_messages=C </dev/null >>"$2/log" 2>&1 & ;;
	crash)
		kill -QUIT $!
		wait $! ;;
	esac
	echo "$order"
done
kill -QUIT $! 2>/dev/null
wait
rm -rf "$2"
`

// NewServer starts a server that crashes when it is told to.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	f, err := newFolder()
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	port := quietPort(tb)
	c := command(append(slices.Clone(f.as), "sh", "-c", orders, "orders", f.programs, f.dir, strconv.Itoa(port)))
	in, err := c.StdinPipe()
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	if err := c.Start(); err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait() // the code is that of rm
	})
	s := &Server{URL: f.url(port), folder: f, orders: in, done: bufio.NewReader(out)}
	s.Start(tb)
	return s
}

// quietPort is a port that is free and none of those that the kernel gives to outgoing connections, so that it is still
// free when the server comes back.
func quietPort(tb testing.TB) int {
	tb.Helper()
	const first, count = 20_000, 10_000
	for range portAttempts {
		port := first + rand.IntN(count)
		l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	tb.Fatal("PostgreSQL: there is no free port")
	return 0
}

// Start starts the server, after NewServer or a crash, and waits until it answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	s.order(tb, "start")
	// No log to go by: while it recovers it writes of clients that it had to refuse, which is no failure.
	if err := waitFor(s.URL, ""); err != nil {
		log, _ := os.ReadFile(s.folder.log())
		tb.Fatalf("PostgreSQL: %v: %s", err, log)
	}
}

// Crash ends the server at once, as `pg_ctl stop -m immediate` does: nothing is finished, and the next start recovers.
func (s *Server) Crash(tb testing.TB) {
	tb.Helper()
	s.order(tb, "crash")
}

func (s *Server) order(tb testing.TB, order string) {
	tb.Helper()
	if _, err := fmt.Fprintln(s.orders, order); err != nil {
		tb.Fatalf("PostgreSQL: %s: %v", order, err)
	}
	if said, err := s.done.ReadString('\n'); err != nil || said != order+"\n" {
		tb.Fatalf("PostgreSQL: %s: said %q, %v", order, said, err)
	}
}
