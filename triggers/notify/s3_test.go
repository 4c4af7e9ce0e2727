package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/ec2credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// s3 signs requests to Swift's S3 API (AWS Signature Version 4).
type s3 struct {
	testing.TB
	host, access, secret string
}

func newS3(c *cloud, host string) *s3 {
	c.Helper()
	made, err := ec2credentials.Create(c.Context(), keystonetest.Login(c, c.member.Account()), c.member.UserID,
		ec2credentials.CreateOpts{TenantID: c.project}).Extract()
	require.NoError(c, err)
	return &s3{TB: c, host: host, access: made.Access, secret: made.Secret}
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func digest(text string) string {
	d := sha256.Sum256([]byte(text))
	return hex.EncodeToString(d[:])
}

// do sends a request; source is what it copies.
func (s *s3) do(method, path, query, body, source string) (status int, answer string) {
	s.Helper()
	now := time.Now().UTC().Format("20060102T150405Z")
	scope := now[:8] + "/RegionOne/s3/aws4_request"
	signed := []string{"host", "x-amz-content-sha256", "x-amz-date"}
	values := "host:" + s.host + "\nx-amz-content-sha256:" + digest(body) + "\nx-amz-date:" + now + "\n"
	if source != "" {
		signed = []string{"host", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-date"}
		values = strings.Replace(values, "x-amz-date", "x-amz-copy-source:"+source+"\nx-amz-date", 1)
	}
	names := strings.Join(signed, ";")
	canonical := strings.Join([]string{method, path, query, values, names, digest(body)}, "\n")
	key := sum(sum(sum(sum([]byte("AWS4"+s.secret), now[:8]), "RegionOne"), "s3"), "aws4_request")
	signature := hex.EncodeToString(sum(key, "AWS4-HMAC-SHA256\n"+now+"\n"+scope+"\n"+digest(canonical)))

	r, err := http.NewRequestWithContext(s.Context(), method, "http://"+s.host+path+"?"+query, strings.NewReader(body))
	require.NoError(s, err)
	r.Header.Set("X-Amz-Content-Sha256", digest(body))
	r.Header.Set("X-Amz-Date", now)
	if source != "" {
		r.Header.Set("X-Amz-Copy-Source", source)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.access+"/"+scope+",SignedHeaders="+names+",Signature="+signature)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(s, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(s, err)
	return resp.StatusCode, string(text) + resp.Header.Get("Etag")
}

// With the filter first, requests of the S3 API run functions, too.
func TestS3(t *testing.T) {
	t.Parallel()
	c := newCloud(t, "swift_first")
	host := c.env.PublicHost + ":8081"
	base := "http://" + host
	api := newS3(c, host)
	forger := *api
	forger.secret = "guessed"
	status, answer := api.do("PUT", "/box", "", "", "")
	require.Equal(t, http.StatusOK, status, answer)
	trigger := c.swiftTrigger("box")
	c.start()
	c.consume("swift")
	c.settled(base, "box")

	do := func(want, method, path, query, body, source string) string {
		status, answer := api.do(method, path, query, body, source)
		require.Less(t, status, 300, answer)
		assert.Equal(t, want, operations(c.settled(base, "box")), "%s %s %s", method, path, query)
		return answer
	}
	forged := func(method, path, source string) {
		status, answer := forger.do(method, path, "", "evil", source)
		require.Equal(t, http.StatusForbidden, status, answer)
		assert.Empty(t, operations(c.settled(base, "box")), "%s %s with a bad signature", method, path)
	}
	do("created k", "PUT", "/box/k", "", "data", "")
	do("copied kc", "PUT", "/box/kc", "", "", "/box/k")
	do("copied k", "PUT", "/box/k", "", "", "/box/kc")
	forged("PUT", "/box/k", "")
	forged("PUT", "/box/k", "/box/kc")
	answer = do("", "POST", "/box/large", "uploads=", "", "")
	upload := regexp.MustCompile("<UploadId>(.*)</UploadId>").FindStringSubmatch(answer)[1]
	etag := do("", "PUT", "/box/large", "partNumber=1&uploadId="+upload, "part", "")
	do("created large", "POST", "/box/large", "uploadId="+upload, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+
		etag+"</ETag></Part></CompleteMultipartUpload>", "")
	forged("DELETE", "/box/k", "")
	do("deleted k", "DELETE", "/box/k", "", "", "")
	assert.Empty(t, c.stored(trigger).Error)
}
