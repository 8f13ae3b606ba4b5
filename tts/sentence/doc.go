// Package sentence cuts streamed text into sentences.
package sentence
