@unionpay
Feature: The line test, and signing out over a bad line
  The hotline asks for the line test first; and the sign-out is the last message of a day, when everybody wants to go home.

  @DEV-006 @host-control
  Scenario: A line test needs no sign-in and moves nothing
    Given till "T1" of "Noodle House" has not signed in
    When the cashier tests the line at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LINE_GOOD
    And these messages went over the wire
      | from | message        | trace | F39 | F60.2  | F60.3 |
      | T1   | echo           | 1     |     | 000001 | 301   |
      | host | echo answer    | 1     | 00  | 000001 | 301   |
      | T1   | sign-in        | 2     |     | 000001 | 003   |
      | host | sign-in answer | 2     | 00  | 000001 | 003   |
      | T1   | sale           | 3     |     | 000001 | 000   |
      | host | sale answer    | 3     | 00  | 000001 | 000   |
    And Bob's card holds 4990.00 CNY

  @DEV-007
  Scenario: A sign-out whose answer was lost may be sent again, and ends one batch
    Given till "T1" of "Noodle House" has signed in
    And the line breaks before the answer to the 1st sign-out
    When the cashier signs out at "T1"
    And the cashier signs out at "T1"
    And the cashier signs in at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows SIGNED_OUT
    And "T1" works in batch "000002"
