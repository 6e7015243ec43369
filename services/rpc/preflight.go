package rpc

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"smsflow/services/access"
	"smsflow/services/flow"
)

// errRefused stands for every refusal before a call begins; its answer says which.
var errRefused = errors.New("refused by the headers")

// preflight refuses what Connect would refuse before any interceptor sees it, so that those errors look like all others.
func (e *edge) preflight(next http.Handler) http.Handler {
	writer := connecthttp.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := examine(r)
		if ok {
			next.ServeHTTP(w, r)
			return
		}
		if a.code == 0 {
			// The one refusal that HTTP has a status of its own for, and that no RPC client can meet.
			w.Header().Set("Accept-Post", acceptPost)
			http.Error(w, "send the request as application/json, or speak Connect, gRPC-Web or gRPC", http.StatusUnsupportedMediaType)
			return
		}
		e.refuse(w, r, writer, a)
	})
}

func (e *edge) refuse(w http.ResponseWriter, r *http.Request, writer *connecthttp.ErrorWriter, a answer) {
	in := incoming{method: r.URL.Path, protocol: protocolOf(r)}
	e.record(r.Context(), in, access.Principal{}, 0, a, errRefused)
	// A client that is gone cannot be told.
	_ = writer.Write(w, r, a.connectError(in.protocol))
}

// examine looks at what stands in the headers.
func examine(r *http.Request) (answer, bool) {
	media, ok := mediaOf(r)
	if !ok {
		return answer{}, false
	}
	if encoding := encodingOf(r, media); encoding != "" && encoding != connect.CompressionNameIdentity {
		return answer{
			code: connect.CodeUnimplemented, reason: ReasonCompression,
			text: "compressed requests are not taken: send the request uncompressed",
		}, false
	}
	if v := r.Header.Get("Connect-Protocol-Version"); v != "" && v != "1" {
		return badHeader("Connect-Protocol-Version", "1"), false
	}
	if !timeoutOK(r.Header.Get("Connect-Timeout-Ms"), maxConnectTimeout, "") {
		return badHeader("Connect-Timeout-Ms", "milliseconds, up to 10 digits"), false
	}
	if !timeoutOK(r.Header.Get("Grpc-Timeout"), maxGRPCTimeout, "HMSmun") {
		return badHeader("Grpc-Timeout", "up to 8 digits and one of H, M, S, m, u, n"), false
	}
	return answer{}, true
}

// Lengths of timeouts in digits, from the protocols' specifications.
const (
	maxConnectTimeout = 10
	maxGRPCTimeout    = 8
)

func timeoutOK(value string, digits int, units string) bool {
	if value == "" {
		return true
	}
	if units != "" {
		if !strings.ContainsAny(value[len(value)-1:], units) {
			return false
		}
		value = value[:len(value)-1]
	}
	_, err := strconv.ParseUint(value, 10, 64)
	return err == nil && len(value) <= digits
}

func badHeader(name, want string) answer {
	return answer{
		code: connect.CodeInvalidArgument, reason: flow.ReasonMalformed,
		text: "the header " + name + " is not what the protocol says: send " + want + ", or leave it out",
	}
}

// acceptPost are the media types of the three protocols.
const acceptPost = "application/json, application/proto, application/connect+json, application/connect+proto, " +
	"application/grpc, application/grpc+proto, application/grpc+json, " +
	"application/grpc-web, application/grpc-web+proto, application/grpc-web+json"

// mediaOf gives the media type of a request that has one of the protocols'. Methods other than POST are Connect's to
// answer.
func mediaOf(r *http.Request) (string, bool) {
	if r.Method != http.MethodPost {
		return "", true
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", false
	}
	for known := range strings.SplitSeq(acceptPost, ", ") {
		if media == known {
			return media, true
		}
	}
	return "", false
}

// encodingOf is how the request says it is compressed: each protocol has a place of its own for that.
func encodingOf(r *http.Request, media string) string {
	switch {
	case r.Method == http.MethodGet:
		return r.URL.Query().Get("compression")
	case strings.HasPrefix(media, "application/grpc"):
		return r.Header.Get("Grpc-Encoding")
	case strings.HasPrefix(media, "application/connect+"):
		return r.Header.Get("Connect-Content-Encoding")
	default:
		return r.Header.Get("Content-Encoding")
	}
}

// protocolOf names the protocol as Connect does.
func protocolOf(r *http.Request) string {
	switch media := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(media, "application/grpc-web"):
		return connect.ProtocolNameGRPCWeb
	case strings.HasPrefix(media, "application/grpc"):
		return connect.ProtocolNameGRPC
	default:
		return connect.ProtocolNameConnect
	}
}

// denyOrigin answers a browser that another site has sent here.
func (e *edge) denyOrigin(w http.ResponseWriter, r *http.Request) {
	e.refuse(w, r, connecthttp.NewErrorWriter(), answer{
		code: connect.CodePermissionDenied, reason: ReasonCrossOrigin,
		text: "a browser may call this only from a page of this service",
	})
}
