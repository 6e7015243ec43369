// Package sms knows what a text message is: how many parts a text costs and
// where they divide, how to shorten it, which words mean stop, start and help,
// what a phone number looks like and which bodies are accepted.
//
// It is pure: no clock, no I/O, nothing of ours imported, and every function
// does a bounded amount of work for each byte given to it.
package sms
