// Package lane judges lanes in which the detector found nothing: is the lane bare, or does something stand in
// it that was missed, or can the picture not tell? A network looks at the lane's part of the picture together
// with where the lane's front, floor and back lie in it and where packs were found.
//
// It promises that the network is trained on the very patches that it is asked about: Cut makes both. It refuses
// nothing: what does not show gets a low probability, never an error.
package lane
