// Package fault lets a test break the product on purpose: die or freeze at a named point, go on with a control switched
// off, or wait less long than the product does. Only a binary built with the tag "faults" can do any of it; in every
// other one the calls are empty and compile to nothing. services/app/faulttest builds such a binary.
package fault
