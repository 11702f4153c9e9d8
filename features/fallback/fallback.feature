Feature: A chip that cannot be read
  Three failures of the chip, then the stripe, and the host is told.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @FBK-001 @host-control
  Scenario: The stripe is taken after the third failure
    Given Carol's chip is dead
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows INSERT_AGAIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field        | value |
      | ic_condition | 2     |
    And Carol's card holds 990.00 CNY

  @FBK-001 @host-control
  Scenario: It is not taken after the first
    Given Carol's chip is dead
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows INSERT_CHIP
    And no message went to the host

  @FBK-002 @host-control
  Scenario: The stripe of a chip that was not tried is answered 45
    When "T1" is made to send a sale with Carol's card number and Carol's stripe
    Then the answer to the 1st sale carries
      | field | value |
      | code  | 45    |
    And Carol's card holds 1000.00 CNY
