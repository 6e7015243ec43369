package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
)

const (
	// serverVariable names a running server, by the URL of a user who may create databases.
	serverVariable = "SMSFLOW_TEST_POSTGRES"
	// programsVariable names the folder of the server's programs.
	programsVariable = "SMSFLOW_POSTGRES_BIN"

	startTimeout = time.Minute
	portAttempts = 20
)

// server is the one of this process: started when the first test asks for it.
//
//nolint:gochecknoglobals // a server takes seconds to start, so the tests of a process share one
var server = sync.OnceValues(startServer)

// Postgres gives the URL of a new, empty database, which is dropped when the test ends. The server is the one that
// SMSFLOW_TEST_POSTGRES names, else one that this process starts for itself; that one is gone when the process is,
// however it ends.
func Postgres(tb testing.TB) string {
	tb.Helper()
	running, err := server()
	if err != nil {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	at := running.url
	name := "t_" + random()
	exec := func(statement string) {
		connector, err := pq.NewConnector(at)
		if err != nil {
			tb.Fatalf("PostgreSQL: %v", err)
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		if _, err := db.ExecContext(context.WithoutCancel(tb.Context()), statement); err != nil {
			tb.Fatalf("PostgreSQL: %s: %v", statement, err)
		}
	}
	exec(`CREATE DATABASE ` + name + ` ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	tb.Cleanup(func() { exec(`DROP DATABASE ` + name + ` WITH (FORCE)`) })
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatalf("PostgreSQL: %s is not a URL", serverVariable)
	}
	u.Path = "/" + name
	return u.String()
}

func random() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// guard runs the server as long as its standard input is open, which is as long as this process lives; then it stops
// the server and removes its folder. So nothing stays behind after a panic, a timeout or a kill.
const guard = `
trap '' INT TERM HUP
"$1"/postgres -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 \
	-c timezone=UTC -c lc_messages=C </dev/null >"$2/log" 2>&1 &
read -r _
kill -QUIT $! 2>/dev/null
wait
rm -rf "$2"
`

// cluster is a running server.
type cluster struct {
	url string
	// alive is the guard's standard input. It is kept here because it is closed when nobody has it any more.
	alive io.Closer
}

func startServer() (*cluster, error) {
	if at := os.Getenv(serverVariable); at != "" {
		return &cluster{url: at}, nil
	}
	f, err := newFolder()
	if err != nil {
		return nil, err
	}
	for range portAttempts {
		var c *cluster
		if c, err = runServer(f); err == nil {
			return c, nil
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, errors.Join(err, os.RemoveAll(f.dir))
}

// folder is where a server keeps its data, and what is needed to start it.
type folder struct {
	as       []string // the beginning of a command that runs as the server's user
	programs string
	dir      string
	password string
}

// newFolder makes the data of a new server.
func newFolder() (folder, error) {
	programs, err := findPrograms()
	if err != nil {
		return folder{}, err
	}
	// Not the test's own folder: the server outlives the first test, and its user has to be able to get there.
	dir, err := os.MkdirTemp("/tmp", "smsflow-postgres-")
	if err != nil {
		return folder{}, err
	}
	f := folder{programs: programs, dir: dir, password: random()}
	if err := f.fill(); err != nil {
		return folder{}, errors.Join(err, os.RemoveAll(dir))
	}
	return f, nil
}

func (f *folder) fill() error {
	err := os.WriteFile(filepath.Join(f.dir, "password"), []byte(f.password), 0o600)
	if err != nil {
		return err
	}
	if f.as, err = owner(f.dir); err != nil {
		return err
	}
	initdb := append(slices.Clone(f.as), filepath.Join(f.programs, "initdb"), "--pgdata="+filepath.Join(f.dir, "data"), "--username=smsflow",
		"--pwfile="+filepath.Join(f.dir, "password"), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := command(initdb).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// url is where the server is, once it listens on the port.
func (f *folder) url(port int) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("smsflow", f.password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

func (f *folder) log() string { return filepath.Join(f.dir, "log") }

func command(args []string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), args[0], args[1:]...)
	c.Dir = "/"
	return c
}

var errPortTaken = errors.New("the port was taken")

// runServer starts the server on a port that was free, and waits until it answers.
func runServer(f folder) (*cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c := command(append(slices.Clone(f.as), "sh", "-c", guard, "guard", f.programs, f.dir, strconv.Itoa(port)))
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	if err := waitFor(f.url(port), f.log()); err != nil {
		return nil, errors.Join(err, stopServer(c, in))
	}
	return &cluster{url: f.url(port), alive: in}, nil
}

func stopServer(c *exec.Cmd, in io.Closer) error {
	return errors.Join(in.Close(), c.Wait())
}

func waitFor(at, log string) error {
	connector, err := pq.NewConnector(at)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := db.PingContext(ctx); err == nil {
			return nil
		}
		text, _ := os.ReadFile(log)
		switch {
		case strings.Contains(string(text), "could not bind"):
			return errPortTaken
		case strings.Contains(string(text), "FATAL:  ") && !strings.Contains(string(text), "starting up"):
			return fmt.Errorf("the server did not start: %s", text)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %s", text)
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("no TCP address"), l.Close())
	}
	return addr.Port, l.Close()
}

// owner gives the beginning of a command that runs as somebody who may start the server, which root may not. The folder
// is given to that user.
func owner(dir string) ([]string, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, errors.New("root cannot start PostgreSQL, and there is no user postgres: install the package postgresql, or run the tests as another user")
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{dir, filepath.Join(dir, "password")} {
		if err := os.Chown(name, uid, gid); err != nil {
			return nil, err
		}
	}
	for _, as := range [][]string{
		{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--init-groups", "--"},
		{"runuser", "-u", "postgres", "--"},
	} {
		if _, err := exec.LookPath(as[0]); err == nil {
			return as, nil
		}
	}
	return nil, errors.New("root cannot start PostgreSQL: install setpriv or runuser (util-linux), or run the tests as another user")
}

// findPrograms looks where Debian puts them, which is not in PATH, newest version first.
func findPrograms() (string, error) {
	var folders []string
	if dir := os.Getenv(programsVariable); dir != "" {
		folders = append(folders, dir)
	} else {
		debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil {
			return "", err
		}
		version := func(dir string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // 0, the oldest, if it is none
			return n
		}
		slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
		folders = debian
		if name, err := exec.LookPath("postgres"); err == nil {
			folders = append(folders, filepath.Dir(name))
		}
	}
	for _, dir := range folders {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("there is no initdb and postgres: install PostgreSQL (apt-get install postgresql), or name a server's URL in " + serverVariable)
}
