package likeness

import (
	"fmt"
	"testing"
)

// The pairs are those that candidates bring: strangers mostly, some of whom are alike.
func BenchmarkCompare(b *testing.B) {
	values := map[string][]string{
		"given":  {"anna maria", "juhani", "jussi", "katariina", "katarina", "oliver", "olivia", "mikael", "johanna", "sofia elina"},
		"family": {"virtanen", "wirtanen", "korhonen", "karhunen", "lindqvist", "lindkvist", "kalliojarvi", "naytto ohman", "smith", "robinson"},
		"phone":  {"+358400001234", "0400001234", "+358400001235", "+358400005678", "+358400043210"},
		"email":  {"anna.specimen@mail.example", "ana.specimen@mail.example", "juhani.virtanen12@post.example", "oliver@posti.example"},
		"street": {"kauppakatu 12 a 3", "kauppakatu 13", "vuorikatu 3", "baker street 12", "baker st 12", "wallace crescent"},
		"text":   {"software designer", "senior software designer", "nurse", "project manager", "registered nurse"},
	}
	other := []string{"50190", "50191", "12345", "99999", "kouvola", "mikkeli", "lappeenranta"}
	for _, c := range Comparators() {
		v := values[c.Name]
		if v == nil {
			v = other
		}
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				c.Compare(v[i%len(v)], v[(i/len(v)+i)%len(v)])
			}
		})
	}
	days := []Day{NewDay(1985, 7, 23), NewDay(1985, 7, 22), NewDay(1963, 11, 4), NewDay(1985, 0, 0), NewDay(2001, 2, 3)}
	b.Run("birth", func(b *testing.B) {
		for i := range b.N {
			Birth(days[i%len(days)], days[(i/len(days)+i)%len(days)])
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	for _, v := range [][2]string{{"martha", "marhta"}, {"lindqvist", "kalliojarvi"}, {"anna.specimen@mail.example", "ana.specimen@mial.example"}} {
		name := fmt.Sprint(len(v[0]))
		b.Run("JaroWinkler-"+name, func(b *testing.B) {
			for range b.N {
				JaroWinkler(v[0], v[1])
			}
		})
		b.Run("Edits-"+name, func(b *testing.B) {
			for range b.N {
				Edits(v[0], v[1], 2)
			}
		})
		b.Run("Dice-"+name, func(b *testing.B) {
			for range b.N {
				Dice(v[0], v[1])
			}
		})
		b.Run("Sound-"+name, func(b *testing.B) {
			var buf [word]byte
			for range b.N {
				Sound(buf[:0], v[0])
			}
		})
		b.Run("Fold-"+name, func(b *testing.B) {
			for range b.N {
				Fold(v[0])
			}
		})
	}
	b.Run("Fold-letters", func(b *testing.B) {
		for range b.N {
			Fold("Näyte-Öhman")
		}
	})
	b.Run("ParseDay", func(b *testing.B) {
		for range b.N {
			ParseDay("1985-07-23")
		}
	})
}
