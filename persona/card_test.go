package persona

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// dami is a card of the third version with members that we do not know.
const dami = `{
  "spec": "chara_card_v3", "spec_version": "3.0", "made_with": {"tool": "a<b>&c"},
  "data": {
    "name": "다미", "description": "{{char}}는 등대지기다. {{user}}의 오랜 친구.", "personality": "느긋함",
    "scenario": "외딴섬", "first_mes": "왔구나, {{User}}.", "mes_example": "<START>\n{{char}}: 밀물이야.",
    "creator_notes": "notes", "system_prompt": "{{original}}짧게 말한다.", "post_history_instructions": "",
    "alternate_greetings": ["또 왔네."], "tags": ["섬", "등대", "섬"], "creator": "somebody", "character_version": "1.2",
    "extensions": {"depth_prompt": {"depth": 4, "prompt": "sea"}, "talkativeness": "0.5"},
    "group_only_greetings": [], "nickname": "담", "assets": [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}],
    "character_book": {"name": "바다", "entries": [
      {"keys": ["등대"], "content": "등대는 백 년 되었다.", "enabled": true, "insertion_order": 10, "extensions": {"x": 1}, "use_regex": false}
    ], "extensions": {"y": 2}}
  }
}`

func parse(t *testing.T, data []byte) Card {
	t.Helper()
	c, err := ParseCard(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func imported(t *testing.T, data []byte) Character {
	t.Helper()
	c, err := parse(t, data).Character()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatalf("what was imported is not valid: %v", err)
	}
	return c
}

func decode(t *testing.T, data []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return v
}

func TestCardBecomesACharacter(t *testing.T) {
	c := imported(t, []byte(dami))
	for _, tt := range []struct{ field, got, want string }{
		{"name", c.Name, "다미"},
		{"description: placeholders are filled", c.Description, "다미는 등대지기다. 당신의 오랜 친구."},
		{"personality", c.Personality, "느긋함"},
		{"worldview, from scenario", c.Worldview, "외딴섬"},
		{"greeting, from first_mes", c.Greeting, "왔구나, 당신."},
		{"guidelines, from system_prompt", c.Guidelines, "짧게 말한다."},
		{"sample_dialogue: <START> is no placeholder", c.SampleDialogue, "<START>\n다미: 밀물이야."},
		{"tags, each once", strings.Join(c.Tags, ","), "섬,등대"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.field, tt.got, tt.want)
		}
	}
	for text, want := range map[string]string{
		"Hi, {{user}}!":  "Hi, you!",
		"{{user}}、こんにちは": "あなた、こんにちは",
		"<USER>, <bot>":  "you, Dami",
		"{{random}}":     "{{random}}",
	} {
		if got := fillMacros(text, "Dami"); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestCardKeepsWhatItDoesNotKnow(t *testing.T) {
	c := imported(t, []byte(dami))
	c.Personality, c.Job = "급함", "등대지기"
	card, err := CardOf(&c)
	if err != nil {
		t.Fatal(err)
	}
	out, err := card.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want, got := decode(t, []byte(dami)), decode(t, out)
	data, gotData := want["data"].(map[string]any), got["data"].(map[string]any)
	data["personality"] = "급함"           // changed
	data["tags"] = []any{"섬", "등대", "섬"} // as the import made them, so as they were
	extensions := gotData["extensions"].(map[string]any)
	own := extensions["avatarforge"].(map[string]any)
	delete(extensions, "avatarforge")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the card became\n%v\nwant\n%v", got, want)
	}
	if own["job"] != "등대지기" {
		t.Errorf("our own fields: %v", own)
	}
	again := imported(t, out)
	again.Card, c.Card = nil, nil
	if !reflect.DeepEqual(again, c) {
		t.Errorf("imported again:\n%+v\nwant\n%+v", again, c)
	}
}

// Every field of ours survives the way through a card, in JSON and in a picture.
func TestCharacterThroughACard(t *testing.T) {
	var c Character
	for _, f := range textFields {
		*f.text(&c) = "값 " + f.name
	}
	for _, f := range listFields {
		*f.list(&c) = []string{f.name, "둘"}
	}
	c.ImageURL, c.ModelURL, c.ID = "/images/x.png", "https://example.com/x.glb", ""
	card, err := CardOf(&c)
	if err != nil {
		t.Fatal(err)
	}
	js, err := card.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := card.AppendPNG(nil, blank(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Errorf("the picture cannot be shown: %v", err)
	}
	twice, err := card.AppendPNG(nil, picture)
	if err != nil || !bytes.Equal(twice, picture) {
		t.Errorf("a picture with the card became another one: %d and %d bytes, %v", len(picture), len(twice), err)
	}
	for name, data := range map[string][]byte{"JSON": js, "PNG": picture} {
		got := imported(t, data)
		got.Card = nil
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%s: \n%+v\nwant\n%+v", name, got, c)
		}
	}
	data := decode(t, js)["data"].(map[string]any)
	for _, required := range []string{"creator_notes", "post_history_instructions", "alternate_greetings", "creator", "character_version"} {
		if data[required] == nil {
			t.Errorf("a V2 card needs %s", required)
		}
	}
}

func blank(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with is a picture with one more chunk before its end.
func with(t testing.TB, picture []byte, kind string, body []byte) []byte {
	t.Helper()
	end := bytes.LastIndex(picture, []byte("IEND")) - 4
	out := bytes.Clone(picture[:end])
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	at := len(out)
	out = append(append(out, kind...), body...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
	return append(out, picture[end:]...)
}

func deflated(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func b64(name string) string {
	return base64.StdEncoding.EncodeToString([]byte(`{"spec":"chara_card_v2","data":{"name":"` + name + `"}}`))
}

func TestCardsInPictures(t *testing.T) {
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"tEXt", with(t, blank(t), "tEXt", []byte("chara\x00"+b64("a"))), "a"},
		{"another case", with(t, blank(t), "tEXt", []byte("Chara\x00"+b64("a"))), "a"},
		{"lines and no padding", with(t, blank(t), "tEXt", []byte("chara\x00"+strings.TrimRight(b64("a")[:20]+"\n"+b64("a")[20:], "="))), "a"},
		{"zTXt", with(t, blank(t), "zTXt", append([]byte("chara\x00\x00"), deflated(t, []byte(b64("z")))...)), "z"},
		{"iTXt", with(t, blank(t), "iTXt", []byte("ccv3\x00\x00\x00en\x00key\x00"+b64("i"))), "i"},
		{"iTXt, compressed", with(t, blank(t), "iTXt", append([]byte("chara\x00\x01\x00\x00\x00"), deflated(t, []byte(b64("c")))...)), "c"},
		{"the later version counts", with(t, with(t, blank(t), "tEXt", []byte("ccv3\x00"+b64("new"))), "tEXt", []byte("chara\x00"+b64("old"))), "new"},
		{"other texts", with(t, with(t, blank(t), "tEXt", []byte("Comment\x00x")), "tEXt", []byte("chara\x00"+b64("a"))), "a"},
		{"cut off behind the card", bytes.TrimSuffix(with(t, blank(t), "tEXt", []byte("chara\x00"+b64("a"))), blank(t)[len(blank(t))-12:]), "a"},
		{"V1 as JSON", []byte("\xEF\xBB\xBF" + `{"name":"old","description":"d","data":"not a card's"}`), "old"},
	} {
		if c := imported(t, tt.file); c.Name != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, c.Name, tt.want)
		}
	}
}

func TestHostileCards(t *testing.T) {
	bomb := deflated(t, make([]byte, 64<<20))
	for name, file := range map[string][]byte{
		"nothing":                 nil,
		"no JSON":                 []byte("hello"),
		"a list":                  []byte(`[]`),
		"no name":                 []byte(`{"spec":"chara_card_v2","data":{"name":" "}}`),
		"a name that is a number": []byte(`{"spec":"chara_card_v2","data":{"name":1}}`),
		"data that is a list":     []byte(`{"spec":"chara_card_v2","data":[]}`),
		"null data":               []byte(`{"spec":"chara_card_v2","data":null}`),
		"too deep":                []byte(strings.Repeat(`{"a":`, 20000)),
		"too large":               []byte(`{"name":"` + strings.Repeat("x", MaxCardJSON) + `"}`),
		"a picture alone":         blank(t),
		"a signature alone":       []byte(pngSignature),
		"a chunk of 4 GiB":        []byte(pngSignature + "\xff\xff\xff\xfftEXtchara\x00"),
		"a bomb":                  with(t, blank(t), "zTXt", append([]byte("chara\x00\x00"), bomb...)),
		"a bomb in iTXt":          with(t, blank(t), "iTXt", append([]byte("ccv3\x00\x01\x00\x00\x00"), bomb...)),
		"no zlib":                 with(t, blank(t), "zTXt", []byte("chara\x00\x00hello")),
		"no method":               with(t, blank(t), "zTXt", []byte("chara\x00")),
		"no language":             with(t, blank(t), "iTXt", []byte("chara\x00\x00\x00")),
		"no base64":               with(t, blank(t), "tEXt", []byte("chara\x00***")),
	} {
		if _, err := ParseCard(file); !errors.Is(err, ErrCard) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var c Card
	if allocated := testing.AllocsPerRun(1, func() {
		_, err := ParseCard(with(t, blank(t), "zTXt", append([]byte("chara\x00\x00"), bomb...)))
		if err == nil {
			t.Error("a bomb was taken")
		}
	}); allocated > 500 {
		t.Errorf("a bomb cost %v allocations", allocated)
	}
	if _, err := c.AppendPNG(nil, []byte("not a picture")); err == nil {
		t.Error("a card was written into something else than a PNG")
	}
}

func TestLongCardsAreCut(t *testing.T) {
	long := strings.Repeat("가나다라", 2500) // 10,000 characters
	data, err := json.Marshal(map[string]any{"spec": cardV2, "data": map[string]any{
		"name": strings.Repeat("이름", 100) + "\x07", "description": long, "first_mes": "a\u0000b\r\nc", "tags": make([]int, 3),
		"extensions": map[string]any{"avatarforge": map[string]any{"image_url": "javascript:alert(1)", "likes": strings.Fields(strings.Repeat("x ", 90)), "id": "hermione", "is_preset": true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := imported(t, data)
	if c.Description+c.Features != long[:3*2*MaxProse] {
		t.Errorf("a long description fills description and features: %d and %d bytes", len(c.Description), len(c.Features))
	}
	if utf8.RuneCountInString(c.Name) != MaxName || c.Greeting != "ab\nc" || c.ImageURL != "" || len(c.Likes) != 1 || c.ID != "" || c.IsPreset {
		t.Errorf("%+v", c)
	}
	card, err := CardOf(&c)
	if err != nil {
		t.Fatal(err)
	}
	if got := card.data.text("description"); got != long {
		t.Errorf("the card holds %d bytes of the description, want all %d", len(got), len(long))
	}
}

// Whatever comes in: no panic, and a card that was taken gives a valid character, comes
// out again and is then the same character.
func FuzzParseCard(f *testing.F) {
	f.Add([]byte(dami))
	f.Add([]byte(`{"name":"x","tags":null,"extensions":[]}`))
	f.Add(with(f, blank(f), "tEXt", []byte("chara\x00"+b64("a"))))
	f.Add(with(f, blank(f), "zTXt", append([]byte("ccv3\x00\x00"), deflated(f, []byte(b64("z")))...)))
	f.Add(with(f, blank(f), "iTXt", []byte("ccv3\x00\x00\x00en\x00key\x00"+b64("i"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		card, err := ParseCard(data)
		if err != nil {
			if !errors.Is(err, ErrCard) {
				t.Fatalf("a bare error: %v", err)
			}
			return
		}
		c, err := card.Character()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("not valid: %v", err)
		}
		c.Lorebook().Select([]string{c.Greeting, string(data[:min(len(data), 500)])}, 100, func(s string) int { return len(s) })
		again, err := CardOf(&c)
		if err != nil {
			t.Fatal(err)
		}
		out, err := again.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if len(out) > MaxCardJSON {
			return
		}
		back, err := ParseCard(out)
		if err != nil {
			t.Fatalf("our own card is not taken: %v\n%s", err, out)
		}
		second, err := back.Character()
		if err != nil {
			t.Fatal(err)
		}
		second.Card, c.Card = nil, nil
		a, _ := json.Marshal(c)
		b, _ := json.Marshal(second)
		if !bytes.Equal(a, b) {
			t.Fatalf("another character:\n%s\n%s", a, b)
		}
	})
}
