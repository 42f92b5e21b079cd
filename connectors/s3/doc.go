// Package s3 is the transport of a bucket of an S3 service: an [fs.FS] over its objects, whose keys are taken as paths.
//
// [Open] takes bucket, prefix and endpoint: Amazon's own, or the URL of any other service, with the bucket in the path
// where it wants that. Credentials are found by the SDK's own chain (environment, shared profile, web identity, instance
// role), so that none stand in our settings. Nothing is asked before the first use.
//
// A file system is one view of the bucket. What it once described, by listing or by name, is what it reads: the same
// version where the bucket keeps versions, else the same ETag, and a fault when the object was replaced since. Large
// objects are read in ranges, several at once. Objects encrypted by the service, also under a key of its KMS, are read
// like others by whoever may use the key.
//
// A [Drop] is such a bucket into which we lay objects: nobody sees one before it is whole, and none is replaced.
package s3
