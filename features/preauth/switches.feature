Feature: Deposits at hosts with another ceiling
  Some acquirers let a hotel take a tip of 15 % with the bill, others nothing over what was held.

  @PRE-004 @host-control
  Scenario Outline: A completion of <amount> where 100 % is the ceiling
    Given the host and its tills agree that "completion_ceiling" is "100"
    And till "T1" of "Noodle House" has signed in
    When Alice leaves a deposit of 100.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with <amount> CNY at "T1"
    Then "T1" shows <screen>
    And Alice's card holds <left> CNY

    Examples:
      | amount | screen         | left   |
      | 100.00 | APPROVED       | 900.00 |
      | 100.01 | AMOUNT_DIFFERS | 900.00 |
