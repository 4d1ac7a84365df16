"""The fusion: several sources of evidence for (document, tag) pairs, and boosted trees that weigh them.

Sources: a kernel ridge regression per tag, nearest tagged documents, centroids, names of the tags in the text, the
tags' own texts, tags that go together, label trees for large vocabularies, and how often and how lately a tag is used.
"""
