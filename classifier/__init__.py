"""The text model's room (文本分类): words in, Suggestion out; nothing is loaded at import."""
