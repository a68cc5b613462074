#!/usr/bin/env x
// -*- coding: utf-8 -*-
// ---
// title: T
// jupyter:
//   kernelspec: {name: evcxr, language: rust, display_name: "R"}
//   jupytext:
//     cell_metadata_filter: -all
//   count: 12 # twelve
//   shown: yes
// author: A
// ---
// %% tags=["a"]
1
