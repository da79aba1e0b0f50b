// Blanks.
