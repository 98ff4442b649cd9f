package profiles

import "strings"

// Nearest returns the candidate that was most likely meant: one that the word
// is a part of, such as mailgun for mailgun-mcp, else the one with the fewest
// typing mistakes between them. It is empty where none is near.
func Nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	most := max(2, len(word)/3)
	if len(word) < 4 {
		most = 1 // two of three letters are another word
	}
	best, fewest := "", most+1
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := mistakes(word, lower)
		if len(word) >= 3 && strings.Contains(lower, word) || len(word) == 2 && strings.HasPrefix(lower, word) {
			d = min(d, 1)
		}
		if d < fewest && d < len(c) {
			best, fewest = c, d
		}
	}
	return best
}

// DidYouMean returns the question to ask after an unknown word, or nothing.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// Meant is the question that advice on an unknown word begins with, or nothing.
func Meant(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "? "
	}
	return ""
}

// mistakes counts the letters that were added, dropped, changed or swapped
// with their neighbour between two words (the optimal string alignment
// distance, a restricted form of Damerau 1964).
func mistakes(a, b string) int {
	const longest = 64 // no name is longer, and the cost is quadratic
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var last, before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := 1
			if a[i-1] == b[j-1] {
				changed = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
