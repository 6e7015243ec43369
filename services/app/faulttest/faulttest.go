// Package faulttest proves what the product promises when something breaks: nothing that was acknowledged is lost, and
// nothing is sent twice.
//
// Each test starts the real binary, built with the tag "faults", as a process of its own (product), with SQLite or
// PostgreSQL, and submits messages to it over gRPC (driver). The replies go to gateways that are processes of their
// own too. Both sides keep a ledger on disk: the driver of every message that it submitted and of every
// acknowledgement, the gateways of every request and of every SMS. The verdict (judge) is taken from these ledgers, and
// from what the product lists as not delivered; it never looks into the database.
//
// The controls that make the promises true can be switched off one by one in such a binary. For each of them a test
// wants the verdict to find it out.
//
// SMSFLOW_FAULT_ROUNDS multiplies the rounds of every test, for a soak. SMSFLOW_FAULT_BUILD holds further flags of go
// build, such as -race.
package faulttest
