Feature: Terminal, card and issuer decide
  Risk management and action codes say which cryptogram the till asks for; the host's answer says which one comes last.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-016 @host-control
  Scenario: A payment of just the floor limit is over it
    Given the chip parameters of "T1" say
      | tag  | value    |
      | 9F1B | 000003E8 |
      | DF17 | 00       |
      | DF16 | 00       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit"

  @KRN-017 @host-control
  Scenario: Under the floor limit the till picks payments at random for the host
    Given the chip parameters of "T1" say
      | tag  | value    |
      | 9F1B | 00002710 |
      | DF17 | 99       |
      | DF16 | 99       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "online PIN entered; selected at random for online"

  @KRN-017 @host-control
  Scenario: Where no share is to be picked none is
    Given the chip parameters of "T1" say
      | tag  | value    |
      | 9F1B | 00002710 |
      | DF17 | 00       |
      | DF16 | 00       |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "online PIN entered"

  @KRN-018 @host-control
  Scenario: The issuer hears that a card is on the exception file
    Given Carol's card is on the exception file of "T1"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "card on the exception file; online PIN entered; amount over the floor limit"

  @KRN-019 @host-control
  Scenario: Without action codes every doubt goes to the host
    Given Carol's chip holds
      | tag  | value |
      | 9F0F |       |
    And the chip parameters of "T1" say
      | tag  | value      |
      | DF12 | 0000000000 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GENERATE AC ARQC" 1 time

  @KRN-020 @host-control
  Scenario: What the acquirer's codes decline is not asked of the host
    Given Carol's chip spoils "9F07" at "READ RECORD"
    And the chip parameters of "T1" say
      | tag  | value      |
      | DF13 | 0400000000 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And Carol's chip was given "GENERATE AC AAC" 1 time
    And Carol's card holds 1000.00 CNY

  @KRN-021 @host-control
  Scenario: What the codes want asked is asked
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GENERATE AC ARQC" 1 time
    And Carol's chip was given "GENERATE AC TC" 1 time

  @KRN-022 @host-control
  Scenario: The chip hears the issuer's no
    Given Carol's debit card holds 1000.00 CNY
    When Carol inserts her card for 2000.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And Carol's chip was given "GENERATE AC AAC" 1 time
    And Carol's chip was given "GENERATE AC TC" 0 times

  @KRN-023 @KRN-049 @host-control
  Scenario: The chip has the last word
    Given Carol's chip answers "EXTERNAL AUTHENTICATE" with "6300"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And the terminal verification results at "T1" say "online PIN entered; amount over the floor limit; issuer authentication failed"
    And "T1" has the 1st sale as reversed

  @KRN-023 @host-control
  Scenario: A chip that declines at once is not argued with
    Given Carol's chip declines everything
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And Carol's chip was given "GENERATE AC" 1 time
    And Carol's card holds 1000.00 CNY

  @KRN-024 @host-control
  Scenario: The issuer proves itself to the chip
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "EXTERNAL AUTHENTICATE" 1 time
    And the transaction status at "T1" says "offline data authentication performed; cardholder verification performed; card risk management performed; issuer authentication performed; terminal risk management performed"

  @KRN-025 @unionpay @host-control
  Scenario: A command that is to come before the last cryptogram is carried out
    Given Carol's bank has the chip unblock the PIN before its last word
    And Carol inserts her card for 10.00 CNY at "T1"
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st script-result say
      | tag  | value      |
      | DF31 | 2000000001 |
    And Carol's bank has 0 commands left for the chip

  @KRN-026 @unionpay @host-control
  Scenario: A command that a chip has carried out with a warning is done
    Given Carol's bank has the chip unblock the PIN
    And Carol's chip answers "PIN CHANGE/UNBLOCK" with "6200"
    And Carol inserts her card for 10.00 CNY at "T1"
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results at "T1" say "online PIN entered; amount over the floor limit"
    And Carol's bank has 0 commands left for the chip

  @KRN-045 @host-control
  Scenario: The issuer hears that a card has not been online for too long
    Given Carol's chip has paid 3 times since it was last online
    And Carol's chip holds
      | tag  | value |
      | 9F14 | 03    |
      | 9F23 | 05    |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit; lower consecutive offline limit exceeded"

  @KRN-045 @host-control
  Scenario: The issuer hears that a card must not pay again without being online
    Given Carol's chip has paid 5 times since it was last online
    And Carol's chip holds
      | tag  | value |
      | 9F14 | 03    |
      | 9F23 | 05    |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "online PIN entered; amount over the floor limit; lower consecutive offline limit exceeded; upper consecutive offline limit exceeded"

  @KRN-046 @host-control
  Scenario: A till that is online only asks though it has found nothing
    Given Carol's chip holds
      | tag | value                |
      | 8E  | 00000000000000001F03 |
    And the chip parameters of "T1" say
      | tag  | value    |
      | 9F35 | 21       |
      | 9F1B | 00002710 |
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "GENERATE AC ARQC" 1 time
    And the terminal verification results of the 1st sale say "nothing"

  @KRN-047 @unionpay @host-control
  Scenario: A command that fails keeps the next one from nothing
    Given Carol's bank has the chip unblock the PIN
    And Carol's bank has the chip block the application
    And Carol's chip answers "PIN CHANGE/UNBLOCK" with "6985"
    And Carol inserts her card for 10.00 CNY at "T1"
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st script-result say
      | tag  | value                |
      | DF31 | 11000000012000000002 |
    And Carol's bank has 1 command left for the chip

  @KRN-048 @host-control
  Scenario: A chip whose payment is declined is blocked all the same
    Given Carol's bank has the chip block the application
    When Carol inserts her card for 2000.00 CNY at "T1"
    And Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And "T1" shows CARD_BLOCKED
    And Carol's card holds 1000.00 CNY

  @KRN-052 @host-control
  Scenario: A chip that approves where the host is to be asked is not believed
    Given Carol's chip answers TC whatever it is asked for
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_UNREADABLE
    And "T1" keeps no offline sales for the host
    And Carol's card holds 1000.00 CNY

  @KRN-053
  Scenario: A payment over the floor limit is not made because the host is away
    Given Carol's card is of kind "unionpay-credit"
    And the line refuses connections
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_UNREACHED
    And Carol's chip was given "GENERATE AC AAC" 1 time
    And "T1" keeps no offline sales for the host

  @KRN-024 @host-control
  Scenario: A chip that wants the issuer's cryptogram with its last list gets it
    Given Carol's card is of kind "visa-18"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip was given "EXTERNAL AUTHENTICATE" 0 times
    And Carol's card holds 990.00 CNY
