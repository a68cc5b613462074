// %% tags=['a', "b"] on=True n=None f=1.5 l=(1, 2)
1
// %% T {"tags": ["a"]}
2
// %% a=b
3
// %% flag k=1
4
// %% k=1 flag .class
5
// %% cell_type="markdown"
// 6
