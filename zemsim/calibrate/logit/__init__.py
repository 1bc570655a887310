"""Estimation of multinomial and nested logit models on choices that people made: survey in, parameters out."""
