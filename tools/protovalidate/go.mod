// The version of protovalidate's rules that proto/ imports (tools/protovalidate.sh copies them out of the module cache).
//
// The module holds no Go package, so `go mod tidy` would drop it: change the version by hand, together with
// buf.build/go/protovalidate in ../../go.mod, and run `go mod download github.com/bufbuild/protovalidate` here.
module smsflow/tools/protovalidate

go 1.26.0

require github.com/bufbuild/protovalidate v1.2.2
