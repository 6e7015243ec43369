package faq

import (
	"cmp"
	"math"
	"slices"
)

// The parameters of BM25 and of what counts as an answer.
const (
	saturation = 1.2 // k1: how soon a word said again adds nothing
	lengthPart = 0.5 // b: how much a long passage is held back; passages are sentences, so less than for documents

	headingWeight  = 1.0
	labelWeight    = 1.5
	questionWeight = 1.5
	typoWeight     = 0.8

	// threshold is the least share of a question's terms, by weight, that its best passage has to have.
	threshold = 0.34
	// together is the least share that all passages have to have instead, for a question with several matters in it:
	// "hours, address, parking?"
	together = 0.6
	// further is the least share of the question that another passage has to add.
	further = 0.24
)

// index finds passages by their terms.
type index struct {
	passages []passage
	postings map[string][]posting
	lengths  []float64
	average  float64
	words    map[string]string // a word and its term, to find words with a typing error in them
	byLetter [256][]string     // the words by their first byte, in the order in which they came: maps have none
}

type posting struct {
	passage  int
	count    float64 // weighted by where the term stands
	strength float64 // how much the words that it stands for are about it
	heading  bool    // it stands in the heading, perhaps among other places
}

func newIndex(passages []passage) *index {
	ix := &index{
		passages: passages,
		postings: make(map[string][]posting),
		lengths:  make([]float64, len(passages)),
		words:    make(map[string]string),
	}
	left, total := maxContextWords, 0.0
	var ws []word
	var ts []term
	for i, p := range passages {
		length := 0.0
		for _, part := range []struct {
			text    string
			weight  float64
			heading bool
		}{{p.text, 1, false}, {p.label, labelWeight, false}, {p.question, questionWeight, false}, {p.heading, headingWeight, true}} {
			if part.text == "" {
				continue
			}
			ws = words(ws[:0], part.text, left)
			left -= len(ws)
			ts = terms(ts[:0], ws)
			if !part.heading { // the same for all below it
				length += float64(len(ts))
			}
			for _, t := range ts {
				if part.text == p.question {
					t.weight = usual // "Where are you?" is about the address, and about nothing else
				}
				ix.add(t, i, part.weight, part.heading)
			}
		}
		ix.lengths[i] = length
		total += length
	}
	ix.average = max(total/float64(max(len(passages), 1)), 1)
	return ix
}

// add counts a term of passage i; passages come in order.
func (ix *index) add(t term, i int, weight float64, heading bool) {
	if _, known := ix.words[t.raw]; !known && t.raw != "" {
		ix.words[t.raw] = t.name
		ix.byLetter[t.raw[0]] = append(ix.byLetter[t.raw[0]], t.raw)
	}
	list := ix.postings[t.name]
	if n := len(list); n > 0 && list[n-1].passage == i {
		list[n-1].count += weight
		list[n-1].strength = max(list[n-1].strength, t.weight)
		list[n-1].heading = list[n-1].heading || heading
		return
	}
	ix.postings[t.name] = append(list, posting{passage: i, count: weight, strength: t.weight, heading: heading})
}

// pick is a passage that answers a question.
type pick struct {
	passage   int
	byHeading bool // its heading is part of why
}

// hit is how well a passage answers a question.
type hit struct {
	pick
	score   float64 // BM25, and in the end as much of it as its share says
	share   float64 // how much of the question it covers
	matched uint64  // which of the question's terms it has, one bit each
}

// search gives the passages that answer a question, best group first, those of one group in their order; none if they
// cover too little of the question.
func (ix *index) search(query []term) []pick {
	hits, shares := ix.score(query)
	if len(hits) == 0 || hits[0].share < threshold && sum(shares, ^uint64(0)) < together {
		return nil
	}
	var picks []pick
	var matched uint64
	groups := 0
	for _, h := range hits {
		if groups > 0 && sum(shares, h.matched&^matched) < further {
			continue
		}
		matched |= h.matched
		picks = append(picks, ix.siblings(h, hits)...)
		if groups++; groups == maxGroups {
			break
		}
	}
	return picks
}

// siblings gives a passage and those of its group that answer the question as well as it does: the lines of a list
// whose heading was asked for.
func (ix *index) siblings(best hit, hits []hit) []pick {
	var out []pick
	for _, h := range hits {
		same := ix.passages[h.passage].group == ix.passages[best.passage].group
		if h.passage == best.passage || same && best.matched&^h.matched == 0 {
			out = append(out, h.pick)
		}
	}
	slices.SortFunc(out, func(a, b pick) int { return cmp.Compare(a.passage, b.passage) })
	return out
}

// score gives the passages that have any of the terms, best first, and the share of the question that is answered by
// term.
func (ix *index) score(query []term) (hits []hit, shares []float64) {
	byPassage := make(map[int]*hit)
	shares = make([]float64, len(query))
	all := 0.0
	for _, q := range query {
		all += q.weight
	}
	for bit, q := range query {
		name, weight := q.name, q.weight
		if ix.postings[name] == nil {
			name, weight = ix.misspelt(q.raw), weight*typoWeight
		}
		list := ix.postings[name]
		n, df := float64(len(ix.passages)), float64(len(list))
		rarity := math.Log(1 + (n-df+0.5)/(df+0.5))
		for _, p := range list {
			h := byPassage[p.passage]
			if h == nil {
				h = &hit{pick: pick{passage: p.passage}}
				byPassage[p.passage] = h
			}
			held := saturation * (1 - lengthPart + lengthPart*ix.lengths[p.passage]/ix.average)
			h.score += weight * rarity * p.count * (saturation + 1) / (p.count + held)
			share := min(q.weight, p.strength) / all
			h.share += share
			shares[bit] = max(shares[bit], share)
			h.matched |= 1 << bit
			h.byHeading = h.byHeading || p.heading
		}
	}
	hits = make([]hit, 0, len(byPassage))
	for _, h := range byPassage {
		// A passage with both words of a question is better than one with the rarer of them.
		h.score *= h.share
		hits = append(hits, *h)
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.passage, b.passage))
	})
	return hits, shares
}

// sum adds the shares of the terms whose bits are set.
func sum(shares []float64, bits uint64) float64 {
	total := 0.0
	for bit, share := range shares {
		if bits&(1<<bit) != 0 {
			total += share
		}
	}
	return total
}

// queryTerms gives the terms of a question, each once with its greatest weight.
func queryTerms(question string) []term {
	var out []term
	for _, t := range terms(nil, words(nil, question, maxQueryWords)) {
		i := slices.IndexFunc(out, func(o term) bool { return o.name == t.name })
		switch {
		case i >= 0:
			out[i].weight = max(out[i].weight, t.weight)
		case len(out) < maxQueryTerms:
			out = append(out, t)
		}
	}
	return out
}
