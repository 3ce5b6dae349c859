// Package quality says what of a picture can be judged, before anybody judges it: which parts are
// fogged, glaring, dark, over-exposed, blurred or blocked, and whether the camera froze or moved.
//
// Its promise is one-sided. Missing a fault costs a false stockout, which an owner drives to a shop
// for; finding one too many costs an `unknown` until the next picture. So where a pack could stand
// unseen, the part is called blind.
package quality
