// Package fault lets a test break the product on purpose: die at a named point, or go on with a control switched off. Only
// a binary built with the tag "faults" can do either; in every other one the calls are empty and compile to nothing.
package fault
