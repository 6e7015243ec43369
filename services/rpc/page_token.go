package rpc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"smsflow/services/flow"
)

// maxOffset bounds the place that a page token can name; no list is that long.
const maxOffset = 1_000_000

// pageToken is a place in a list. It is opaque to callers and holds for one list only: the same tenant, filter and sort.
type pageToken struct {
	Offset int    `json:"o"`
	List   string `json:"l"`
}

// listOf names a list by what picks and sorts its entries.
func listOf(parts ...any) string {
	// What is passed are texts, numbers and lists of them.
	b, _ := json.Marshal(parts) //nolint:errchkjson // see above
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// nextPage is the token for what comes behind a page of n entries at offset; empty if nothing does.
func nextPage(list string, offset, n, total int) string {
	if n == 0 || offset+n >= total {
		return ""
	}
	b, _ := json.Marshal(pageToken{Offset: offset + n, List: list}) //nolint:errchkjson // a number and a text
	return base64.RawURLEncoding.EncodeToString(b)
}

// offsetOf is where a token leads: 0 for none. ErrInvalid PAGE_TOKEN_INVALID: it is not one of this list.
func offsetOf(token, list string) (int, error) {
	if token == "" {
		return 0, nil
	}
	var t pageToken
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil || t.List != list || t.Offset <= 0 || t.Offset > maxOffset {
		e := flow.Errorf(flow.ErrInvalid, flow.ReasonPageToken, "the page token is not one of this list")
		e.Violations = []flow.Violation{{
			Field: "page_token", Reason: flow.ReasonPageToken,
			Text: "is not one that this list gave: use next_page_token with the same filter and sort, or begin without one",
		}}
		return 0, e
	}
	return t.Offset, nil
}

// pageSize is how many entries a page has.
func pageSize(asked int32) int {
	if asked == 0 {
		return DefaultPageSize
	}
	return int(asked)
}
